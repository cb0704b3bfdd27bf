// What a supervisor is that does not do as it is told is known only after its patience of some 15 s, so all of it is one test.

import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { endRun, orderEnd, recallRun } from '../../src/host/recall.ts';
import { isAlive, runIn, tempFolder, until } from './scratch.ts';
import { agentArgv, journalOf, poolIn, saysReady, startRun } from './supervised.ts';

it('a supervisor that hangs is killed and its run ends without it; one that has done its run is left alone', {
  timeout: 60_000,
}, async () => {
  const state = await tempFolder();
  const pool = poolIn(state);
  const done = await startRun(['true'], { pool, dir: runIn(state, 1) });
  await done.over;
  const late = orderEnd(done.dir, done.supervisor, 'cancel', 0);
  const gone = await startRun(['true']);
  await gone.over;
  const tooLate = orderEnd(gone.dir, gone.supervisor, 'cancel', 0);
  await until('its order is written', () => existsSync(gone.dir.order));
  await rm(gone.dir.root, { recursive: true });

  const hung = await startRun(agentArgv('forever'), { dir: runIn(await tempFolder()) });
  await saysReady(hung.dir);
  const agent = (await journalOf(hung.dir)).entered?.agent.pid ?? 0;
  process.kill(hung.supervisor.pid, 'SIGSTOP');
  const ended = await endRun(hung.dir, 'cancel', 100);
  expect(ended).toMatchObject({ kind: 'ended', entered: true, exit: { signal: 'SIGKILL', endedBy: 'supervisor_lost' } });
  expect(isAlive(agent)).toBe(false);
  await until('its supervisor is gone', () => !isAlive(hung.supervisor.pid));
  expect(await recallRun(hung.dir)).toMatchObject({ kind: 'ended', exit: ended?.exit });

  await Promise.all([late, tooLate]);
  expect([done, gone].map(({ supervisor }) => isAlive(supervisor.pid))).toEqual([true, true]);
});
