import { mkdir, open, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { incarnation } from '../../src/host/incarnation.ts';
import { outcomeOf, type Prepared, readJournal, writeJournal, writeOutcome } from '../../src/host/journal.ts';
import { oomKills } from '../../src/host/oom-kills.ts';
import { MARK_VARIABLE, type ProcessIdentity, type Spawned, spawnInOwnGroup } from '../../src/host/process-tree.ts';
import { endOfRun, endRun, poke, recallRun } from '../../src/host/recall.ts';
import { type RunDir, runMark } from '../../src/host/state-dir.ts';
import { fixture, isAlive, runIn, tempFolder, testMark, until } from './scratch.ts';
import { agentArgv, FENCE, journalOf, leavesNothing, outputOf, prepareRun, saysReady, startRun } from './supervised.ts';

const NOBODY: ProcessIdentity = { pid: 2 ** 22 + 1, startTime: 1 };
const HERE = incarnation();
const anyDuration = { durationMs: expect.any(Number) };

/** A run whose supervisor is gone. */
async function leftRun(facts: Partial<Prepared> = {}): Promise<RunDir> {
  const dir = runIn(await tempFolder());
  leavesNothing(dir);
  await prepareRun(dir, NOBODY, facts);
  return dir;
}

/** A process that does not end by itself, with a run's mark, as an agent whose supervisor died. */
async function orphan(mark: string): Promise<Spawned> {
  const nothing = await open('/dev/null', 'a');
  const env = { [MARK_VARIABLE]: mark };
  const argv = [process.execPath, fixture('forever')];
  const spawned = await spawnInOwnGroup({ argv, cwd: '/', env, stdout: nothing.fd, stderr: nothing.fd });
  await nothing.close();
  return spawned;
}

const enter = (dir: RunDir, { pid, startTime }: ProcessIdentity, kills = oomKills()): Promise<void> =>
  writeJournal(dir, { kind: 'entered', agent: { pid, startTime }, oomKills: kills });

describe('a run that is recalled', () => {
  it('is unknown where its host has no journal of it', async () => {
    expect(await recallRun(runIn(await tempFolder()))).toEqual({ kind: 'unknown' });
  });

  it('lives as long as its supervisor does, and has ended as its supervisor says', async () => {
    const { dir, supervisor, over } = await startRun(agentArgv('forever'));
    await saysReady(dir);
    const { pid, startTime } = supervisor;
    expect(await recallRun(dir)).toEqual({ kind: 'living', journal: await journalOf(dir), supervisor: { pid, startTime } });
    expect(await endRun(dir, 'cancel')).toMatchObject({ kind: 'ended', entered: true, exit: { signal: 'SIGTERM', endedBy: 'cancel' } });
    expect(await recallRun(dir)).toEqual({ kind: 'ended', entered: true, exit: await over, journal: await journalOf(dir) });
  });

  it('has not entered where its agent could not be started', async () => {
    const { dir, over } = await startRun(['./no-such-program-here']);
    await over;
    expect(await recallRun(dir)).toMatchObject({ kind: 'ended', entered: false, exit: { notStarted: { code: 'ENOENT' } } });
  });

  it('is not ended once more', async () => {
    const dir = await leftRun();
    await writeOutcome(dir, outcomeOf({ ...FENCE }, { exitCode: 3, endedBy: 'itself', durationMs: 1 }));
    expect(await endRun(dir, 'cancel')).toMatchObject({ exit: { exitCode: 3, endedBy: 'itself' } });
    expect(await endRun(runIn(dir.state, 2), 'cancel')).toBeUndefined();
  });
});

describe('a run whose supervisor died', () => {
  it('has its agent ended, and that on record', async () => {
    const { dir, supervisor } = await startRun(agentArgv('forever'));
    await saysReady(dir);
    process.kill(supervisor.pid, 'SIGKILL');
    await until('its supervisor is gone', () => !isAlive(supervisor.pid));
    const { entered } = await journalOf(dir);
    expect(isAlive(entered?.agent.pid ?? 0)).toBe(true);
    const exit = { signal: 'SIGKILL', endedBy: 'supervisor_lost', ...anyDuration };
    expect(await recallRun(dir)).toMatchObject({ kind: 'ended', entered: true, exit });
    expect(isAlive(entered?.agent.pid ?? 0)).toBe(false);
    expect(await journalOf(dir)).toMatchObject({ phase: 'ended', exit });
  });

  it('has its agent ended where it died before it could write the pid', async () => {
    const dir = await leftRun();
    const agent = await orphan(runMark(dir));
    expect(await recallRun(dir)).toMatchObject({ entered: false, exit: { signal: 'SIGKILL', endedBy: 'supervisor_lost' } });
    expect(isAlive(agent.pid)).toBe(false);
  });

  it('keeps the cause that was written before', async () => {
    const dir = await leftRun();
    await enter(dir, await orphan(runMark(dir)));
    await writeJournal(dir, { kind: 'ending', endedBy: 'wall_limit' });
    expect(await recallRun(dir)).toMatchObject({ exit: { signal: 'SIGKILL', endedBy: 'wall_limit' } });
  });

  it('has neither code nor signal made up for an agent that was gone, and its time counts to its last sign', async () => {
    const dir = await leftRun();
    await enter(dir, NOBODY);
    const began = Date.parse((await journalOf(dir)).prepared.at);
    await writeFile(dir.stdout, 'words');
    await utimes(dir.stdout, new Date(began), new Date(began + 90_000));
    const exit = { vanished: 'processes', endedBy: 'supervisor_lost', durationMs: 90_000 };
    expect(await recallRun(dir)).toMatchObject({ kind: 'ended', entered: true, exit });
    expect((await journalOf(dir)).exit).toEqual(exit);
  });

  it('is told the same way every time', async () => {
    const dir = await leftRun();
    const first = await recallRun(dir);
    expect(await recallRun(dir)).toMatchObject({ kind: 'ended', exit: first.kind === 'ended' ? first.exit : undefined });
  });

  it('says that the kernel killed for memory while it ran', async () => {
    const dir = await leftRun();
    await enter(dir, NOBODY, oomKills() - 1);
    expect(await recallRun(dir)).toMatchObject({ exit: { vanished: 'processes', oomKilled: true } });
  });

  it('is over even where that cannot be written down', async () => {
    const dir = await leftRun();
    const agent = await orphan(runMark(dir));
    await enter(dir, agent);
    await mkdir(`${dir.outcome}.tmp`);
    expect(await recallRun(dir)).toMatchObject({ kind: 'ended', exit: { signal: 'SIGKILL' } });
    expect(isAlive(agent.pid)).toBe(false);
    await rm(`${dir.outcome}.tmp`, { recursive: true });
    expect(await recallRun(dir)).toMatchObject({ kind: 'ended', exit: { vanished: 'processes' } });
  });
});

describe('a process that has the number of one of the run’s', () => {
  it.each<[string, Partial<Prepared>, 'boot' | 'container' | 'processes', number]>([
    ['and another start time', {}, 'processes', -1],
    ['after another boot', { incarnation: { ...HERE, boot: 'another' } }, 'boot', 0],
    ['in another container', { incarnation: { ...HERE, container: 'another' } }, 'container', 0],
  ])('is left alone: %s', async (_, facts, vanished, ticks) => {
    const stranger = await orphan(testMark());
    const { pid, startTime } = stranger;
    const dir = await leftRun({ ...facts, supervisor: { pid, startTime: startTime + ticks } });
    await enter(dir, { pid, startTime: startTime + ticks });
    await endRun(dir, 'cancel');
    expect(await recallRun(dir)).toMatchObject({ kind: 'ended', entered: true, exit: { vanished, endedBy: 'supervisor_lost' } });
    expect(isAlive(pid)).toBe(true);
    stranger.child.kill('SIGKILL');
    await stranger.ended;
  });

  it('is not to blame for memory after another boot, whose counts began anew', async () => {
    const dir = await leftRun({ incarnation: { ...HERE, boot: 'another' } });
    await enter(dir, NOBODY, oomKills() - 1);
    const recalled = await recallRun(dir);
    expect(recalled).toMatchObject({ exit: { vanished: 'boot' } });
    expect(recalled).not.toHaveProperty('exit.oomKilled');
  });

  it('is not poked', async () => {
    const stranger = await orphan(testMark());
    poke({ pid: stranger.pid, startTime: stranger.startTime - 1 });
    poke(NOBODY);
    stranger.child.kill('SIGTERM');
    expect(await stranger.ended).toEqual({ signal: 'SIGTERM' });
  });
});

describe('a run with a journal that cannot be relied on', () => {
  it('is ended by its mark, with the evidence, and nothing else is claimed of it', async () => {
    const dir = await leftRun();
    await writeFile(dir.journal, (await readFile(dir.journal)).subarray(0, -9));
    const agent = await orphan(runMark(dir));
    const read = await readJournal(dir);
    expect(await endRun(dir, 'cancel')).toEqual({
      kind: 'ended',
      entered: true,
      exit: { endedBy: 'supervisor_lost', unreadable: read.kind === 'corrupt' && read.evidence, durationMs: 0 },
    });
    expect(isAlive(agent.pid)).toBe(false);
  });

  it('is ended where its journal has gone while it was followed', async () => {
    const { dir } = await startRun(agentArgv('forever'));
    await saysReady(dir);
    await rm(dir.journal);
    expect(await endOfRun(dir)).toMatchObject({ exit: { unreadable: expect.stringMatching(/is gone$/) } });
    expect(await outputOf(dir)).toBe('ready\n');
  });
});
