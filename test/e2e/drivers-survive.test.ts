// An agent that is spoken with lives on without its worker like any other: its driver is the supervised process.

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { findMarked } from '../../src/host/process-tree.ts';
import { listRunDirs, runMark, taskOfRunDir } from '../../src/host/state-dir.ts';
import { startTask } from '../../src/start-task.ts';
import { agent, type SmallFleet, startSmallFleet } from './small-fleet.ts';

const PATIENCE = { timeout: 45_000, interval: 50 };

let fleet: SmallFleet;
beforeAll(async () => {
  fleet = await startSmallFleet('drivers', { lease: '1m', heartbeat: '10s' });
});
afterAll(() => fleet?.stop());

it('a worker that is killed in the middle of a conversation loses nothing of it', async () => {
  const go = join(fleet.folder, 'go');
  const host = await fleet.startHost('talks', 'talks');
  await startTask(fleet.client, {
    id: 'spoken',
    agent: { use: 'acp', argv: agent('acp-agent', 'waits', go) },
    prompt: 'do it',
    pool: 'talks',
    workspace: { repo: fleet.origin },
    outputs: [{ kind: 'commit' }, { kind: 'push' }],
  });
  const dir = await vi.waitFor(async () => {
    const found = (await listRunDirs(join(fleet.folder, 'outlive', 'talks'))).find((one) => taskOfRunDir(one) === 'spoken');
    if (!found || !readFileSync(found.stdout, 'utf8').includes('I work.')) throw new Error('it does not work yet');
    return found;
  }, PATIENCE);
  const before = findMarked(runMark(dir));
  await host.end('SIGKILL');
  await fleet.startHost('talks', 'talks');
  await vi.waitFor(async () => expect((await fleet.status('spoken')).runs[0]?.reattached).toBe(1), PATIENCE);
  expect(findMarked(runMark(dir))).toEqual(before);
  writeFileSync(go, '');
  expect(await fleet.handle('spoken').result()).toMatchObject({ state: 'done', runs: 1 });
  const [run] = (await fleet.status('spoken')).runs;
  expect(run).toMatchObject({ outcome: 'finished', session: 'new-1', agentVersion: '3.2.1', usage: { inputTokens: 100, outputTokens: 7 } });
  expect(fleet.commits('spoken')).toHaveLength(1);
  expect(findMarked(runMark(dir))).toEqual([]);
}, 120_000);

it('a run that goes on with a session comes to the host that has it', async () => {
  await Promise.all(['left', 'right'].map((host) => fleet.startHost(host, 'pair')));
  // One after the other: a host that is busy with another one's run is not waited for for long.
  for (const id of ['one', 'two', 'three', 'four']) {
    await startTask(fleet.client, {
      id,
      agent: { use: 'acp', argv: agent('acp-agent', 'resume-later', join(fleet.folder, `${id}.refused`)) },
      prompt: 'do it',
      pool: 'pair',
      workspace: { repo: fleet.origin },
      outputs: [{ kind: 'commit' }, { kind: 'push' }],
    });
    expect(await fleet.handle(id).result()).toMatchObject({ state: 'done', runs: 2 });
    const [first, second] = (await fleet.status(id)).runs;
    expect(first).toMatchObject({ failure: { reason: 'rate_limited' }, session: 'new-1', decision: { kind: 'retry' } });
    expect(second).toMatchObject({ outcome: 'finished', host: first?.host, session: 'new-1', resumes: { id: 'new-1' } });
  }
}, 120_000);

it('a session whose host is gone is not waited for for long', async () => {
  const host = await fleet.startHost('leaves', 'leavers');
  const id = 'left-behind';
  await startTask(fleet.client, {
    id,
    agent: { use: 'module', path: fileURLToPath(new URL('../fixtures/modules/limited.mjs', import.meta.url)) },
    prompt: 'do it',
    pool: 'leavers',
    workspace: { repo: fleet.origin },
    outputs: [{ kind: 'commit' }, { kind: 'push' }],
  });
  await vi.waitFor(async () => expect((await fleet.status(id)).runs[0]?.decision?.kind).toBe('retry'), PATIENCE);
  await host.end('SIGKILL');
  await fleet.startHost('comes', 'leavers');
  expect(await fleet.handle(id).result()).toMatchObject({ state: 'done', runs: 2 });
  const [first, second] = (await fleet.status(id)).runs;
  expect(second).toMatchObject({ host: 'comes', outcome: 'finished', resumes: { id: first?.session, host: 'leaves' } });
  expect(second?.session).not.toBe(first?.session);
}, 120_000);
