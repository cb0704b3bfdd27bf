import { mkdir, rm } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { followRun, type LivingRun } from '../../src/host/follow.ts';
import { isAlive, runIn, tempFolder, until } from './scratch.ts';
import { agentArgv, journalOf, outputOf, type SupervisedTestRun, saysReady, startRun } from './supervised.ts';

const LONG = 60_000;
const anyDuration = { durationMs: expect.any(Number) };

/** As the worker that started it. */
const follow = ({ dir, supervisor, over }: SupervisedTestRun, stallMs = LONG): LivingRun =>
  followRun({ dir, supervisor, stallMs, told: over });
/** As a later worker, which is told nothing. */
const followLater = ({ dir, supervisor }: SupervisedTestRun, stallMs = LONG): LivingRun => followRun({ dir, supervisor, stallMs });

describe('a run that is followed', () => {
  it.each([
    ['the worker that started it', follow],
    ['a later one', followLater],
  ])('tells %s how it ended', async (_, by) => {
    const exit = { exitCode: 3, endedBy: 'itself', ...anyDuration };
    const run = await startRun(agentArgv('floods-stderr'));
    expect(await by(run).over).toMatchObject({ entered: true, exit });
    expect(await journalOf(run.dir)).toMatchObject({ exit });
  });

  it.each([
    ['the worker that started it', follow],
    ['a later one', followLater],
  ])('tells %s that it never entered', async (_, by) => {
    const run = await startRun(['./no-such-program-here']);
    expect(await by(run).over).toMatchObject({ entered: false, exit: { notStarted: { code: 'ENOENT' } } });
  });

  it.each([
    ['the worker that started it', follow],
    ['a later one', followLater],
  ])('is ended by %s where its supervisor died', async (_, by) => {
    const run = await startRun(agentArgv('forever'));
    const living = by(run);
    await saysReady(run.dir);
    const agent = (await journalOf(run.dir)).entered?.agent.pid ?? 0;
    process.kill(run.supervisor.pid, 'SIGKILL');
    expect(await living.over).toMatchObject({ entered: true, exit: { signal: 'SIGKILL', endedBy: 'supervisor_lost' } });
    expect(isAlive(agent)).toBe(false);
  });

  it('ends when it is asked to, with the first cause and its grace', async () => {
    const run = await startRun(agentArgv('ignores-sigterm'));
    const living = follow(run);
    await saysReady(run.dir);
    await living.end('cancel', 500);
    await until('it hears of it', async () => (await outputOf(run.dir)).includes('no'));
    await living.end('stall', 0);
    expect(await living.over).toMatchObject({ exit: { signal: 'SIGKILL', endedBy: 'cancel' } });
  });

  it('goes on when it is left, and then nobody here ends it for its silence', async () => {
    const run = await startRun(agentArgv('forever'));
    const left = followLater(run, 400);
    let isToldOf = false;
    void left.over.then(() => {
      isToldOf = true;
    });
    left.leave();
    const next = followLater(run, 1500);
    // The one that was left would have ended it long before.
    expect(await next.over).toMatchObject({ exit: { endedBy: 'stall', durationMs: expect.toSatisfy((ms: number) => ms > 1000) } });
    expect(isToldOf).toBe(false);
  });
});

describe('a stall', () => {
  it('ends an agent that neither prints nor writes its result', async () => {
    const living = follow(await startRun(agentArgv('forever')), 500);
    expect(await living.over).toMatchObject({ exit: { signal: 'SIGTERM', endedBy: 'stall' } });
  });

  it('is none while the result file grows', async () => {
    const run = await startRun(agentArgv('works-without-a-word', '20'));
    expect(await follow(run, 1500).over).toMatchObject({ exit: { exitCode: 0, endedBy: 'itself' } });
  });

  it.each(['', '>&2'])('is none while it prints %s', async (where) => {
    const script = `for i in 1 2 3 4 5 6 7 8 9; do echo "$i" ${where}; sleep 0.2; done`;
    const run = await startRun(['sh', '-c', script]);
    expect(await follow(run, 1500).over).toMatchObject({ exit: { exitCode: 0, endedBy: 'itself' } });
  });

  it('is no exception where the agent has removed what is watched', async () => {
    const dir = runIn(await tempFolder());
    const run = await startRun(agentArgv('forever'), { dir });
    await saysReady(dir);
    await Promise.all([dir.stdout, dir.stderr].map((file) => rm(file)));
    await mkdir(dir.result);
    expect(await follow(run, 500).over).toMatchObject({ exit: { endedBy: 'stall' } });
  });
});
