import { mkdir, open, utimes, writeFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { reapLeftovers } from '../../src/host/leftovers.ts';
import { bootId, MARK_VARIABLE, type Spawned, spawnInOwnGroup } from '../../src/host/process-tree.ts';
import { type Journal, type RunDir, readJournal, runMark, writeJournal } from '../../src/host/state-dir.ts';
import { fixture, isAlive, runIn, tempFolder, testMark, WORKFLOW_RUN } from './scratch.ts';

const STARTED = '2025-01-01T00:00:00.000Z';

async function write(dir: RunDir, mark: string, facts: Partial<Journal> = {}): Promise<Journal> {
  const identity = { v: 1, taskId: 'fix-it', n: 1, workflowId: 'task/fix-it', workflowRunId: WORKFLOW_RUN } as const;
  const journal = { ...identity, bootId: bootId(), mark, startedAt: STARTED, ...facts };
  await writeJournal(dir, journal);
  return journal;
}

async function orphan(mark: string): Promise<Spawned> {
  const nothing = await open('/dev/null', 'a');
  const env = { [MARK_VARIABLE]: mark };
  const spawned = await spawnInOwnGroup({
    argv: [process.execPath, fixture('forever')],
    cwd: '/',
    env,
    stdout: nothing.fd,
    stderr: nothing.fd,
  });
  await nothing.close();
  return spawned;
}

describe('a worker that starts', () => {
  it('ends an agent that outlived its worker, and writes how it ended', async () => {
    const mark = testMark();
    const state = await tempFolder();
    const agent = await orphan(mark);
    await write(runIn(state), mark, { pid: agent.pid, pidStartTime: agent.startTime });
    const exit = { signal: 'SIGKILL', endedBy: 'supervisor_lost', durationMs: expect.any(Number) };
    expect(await reapLeftovers(state, 100)).toEqual([{ kind: 'ended', dir: runIn(state), exit, signalled: [agent.pid], left: [] }]);
    expect(await readJournal(runIn(state))).toMatchObject({ journal: { pid: agent.pid, exit } });
    expect(await reapLeftovers(state, 100)).toEqual([]);
  });

  it('finds an agent whose worker died before it could write the pid', async () => {
    const mark = testMark();
    const state = await tempFolder();
    const agent = await orphan(mark);
    await write(runIn(state), mark);
    expect(await reapLeftovers(state, 100)).toMatchObject([{ kind: 'ended', signalled: [agent.pid] }]);
  });

  it('keeps a cause that was written before', async () => {
    const mark = testMark();
    const state = await tempFolder();
    await orphan(mark);
    await write(runIn(state), mark, { endedBy: 'wall_limit' });
    expect(await reapLeftovers(state, 100)).toMatchObject([{ exit: { endedBy: 'wall_limit' } }]);
  });

  it.each([
    ['has another start time', (agent: Spawned) => ({ pid: agent.pid, pidStartTime: agent.startTime - 1 })],
    ['is of another boot', (agent: Spawned) => ({ pid: agent.pid, pidStartTime: agent.startTime, bootId: 'another' })],
  ])('leaves a process alone that has the journal’s pid and %s', async (_, facts) => {
    const mark = testMark();
    const state = await tempFolder();
    const stranger = await orphan(mark);
    await write(runIn(state), `${mark}-of-the-run`, facts(stranger));
    expect(await reapLeftovers(state, 100)).toMatchObject([{ kind: 'gone', signalled: [] }]);
    expect(isAlive(stranger.pid)).toBe(true);
    stranger.child.kill('SIGKILL');
    await stranger.ended;
  });

  it('makes up neither code nor signal for an agent that was gone, and counts its time to its last sign', async () => {
    const state = await tempFolder();
    const dir = runIn(state);
    await write(dir, testMark());
    await writeFile(dir.stdout, 'words');
    await utimes(dir.stdout, new Date(STARTED), new Date(Date.parse(STARTED) + 90_000));
    const exit = { endedBy: 'supervisor_lost', durationMs: 90_000 };
    expect(await reapLeftovers(state, 100)).toEqual([{ kind: 'gone', dir, exit, signalled: [], left: [] }]);
  });

  it('touches no run that has an exit', async () => {
    const mark = testMark();
    const state = await tempFolder();
    const journal = await write(runIn(state), mark, { exit: { exitCode: 0, endedBy: 'itself', durationMs: 1 } });
    expect(await reapLeftovers(state, 100)).toEqual([]);
    expect(await readJournal(runIn(state))).toEqual({ kind: 'known', journal });
  });

  it('ends by its mark what a corrupt journal cannot name, and says that it is corrupt', async () => {
    const state = await tempFolder();
    const dir = runIn(state);
    await mkdir(dir.root, { recursive: true });
    await writeFile(dir.journal, '{"v":');
    const agent = await orphan(runMark(dir));
    expect(await reapLeftovers(state, 100)).toEqual([
      { kind: 'corrupt', dir, evidence: expect.stringMatching(/cannot be read/), signalled: [agent.pid], left: [] },
    ]);
  });
});
