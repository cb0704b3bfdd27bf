import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { endRun } from '../../src/host/recall.ts';
import { runIn, tempFolder } from './scratch.ts';
import { fillUp, smallDisk } from './small-disk.ts';
import { journalOf, leavesNothing, orderFor, poolIn, prepareRun, saysReady, startRun } from './supervised.ts';

it('a run that fills the disk still has its outcome on record', async (context) => {
  const disk = await smallDisk(context);
  const pool = poolIn(await tempFolder());
  const script = 'cat /dev/zero >fill 2>/dev/null; exit 3';
  const { dir, over } = await startRun(['sh', '-c', script], { pool, dir: runIn(disk) });
  const exit = await over;
  expect(exit).toMatchObject({ exitCode: 3, endedBy: 'itself' });
  expect(await journalOf(dir)).toMatchObject({ phase: 'ended', exit });
});

it('a run on a full disk can be ended, and says who ended it', async (context) => {
  const disk = await smallDisk(context);
  const pool = poolIn(await tempFolder());
  const script = 'echo ready; exec sleep 60';
  const { dir, over } = await startRun(['sh', '-c', script], { pool, dir: runIn(disk), limits: { wallMs: 1500, outputBytes: 2 ** 30 } });
  await saysReady(dir);
  await fillUp(disk);
  expect(await over).toMatchObject({ signal: 'SIGTERM', endedBy: 'wall_limit' });
  expect(await journalOf(dir)).toMatchObject({ phase: 'ended', exit: { endedBy: 'wall_limit' } });
});

it('a run whose outcome would find no room is not begun', async (context) => {
  const disk = await smallDisk(context);
  const supervisor = await poolIn(await tempFolder()).take();
  const dir = runIn(disk);
  leavesNothing(dir);
  await prepareRun(dir, supervisor);
  await fillUp(disk);
  const begun = join(await tempFolder(), 'begun');
  const exit = await supervisor.run(orderFor(dir, ['touch', begun]), () => undefined).over;
  expect(exit).toMatchObject({ notStarted: { code: 'ENOSPC', message: expect.stringMatching(/no room on the disk/) } });
  await expect(stat(begun)).rejects.toThrow(/ENOENT/);
  // Its supervisor would have taken another run: nobody may take this one for a living one.
  expect(await endRun(dir, 'cancel')).toMatchObject({ kind: 'ended', entered: false });
});
