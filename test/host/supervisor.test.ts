import { fork } from 'node:child_process';
import { on, once } from 'node:events';
import { chmod, mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { leaseClock, writeLease } from '../../src/host/lease.ts';
import { processIdentity } from '../../src/host/process-tree.ts';
import { poke } from '../../src/host/recall.ts';
import { type RunDir, runMark } from '../../src/host/state-dir.ts';
import type { RunOrder, SupervisorNews } from '../../src/host/supervisor-messages.ts';
import { isAlive, runIn, tempFolder, until } from './scratch.ts';
import {
  agentArgv,
  journalOf,
  leavesNothing,
  orderEnd,
  orderFor,
  outputOf,
  poolIn,
  prepareRun,
  saysReady,
  startRun,
} from './supervised.ts';

const anyDuration = { durationMs: expect.any(Number) };
const sh = (script: string, ...args: string[]): string[] => ['sh', '-c', script, 'agent', ...args];

describe('an agent under its supervisor', () => {
  it('is in the journal before it can do anything', async () => {
    const dir = runIn(await tempFolder());
    const { over } = await startRun(sh('echo $$; cat "$1"', dir.journal), { dir });
    await over;
    const [pid, ...lines] = (await outputOf(dir)).trim().split('\n');
    const { prepared, entered } = await journalOf(dir);
    expect(lines.map((line) => JSON.parse(line))).toEqual([prepared, entered]);
    expect(entered?.agent.pid).toBe(Number(pid));
  });

  it('is given its argv as it stands, its environment and mark, its folder, and a closed stdin', async () => {
    const given = ['two words', '', '$HOME', '*', `it's "so"`, '--', '-c'];
    const { dir, over } = await startRun(agentArgv('says-what-it-was-given', ...given), { env: { ONLY: 'this' } });
    await over;
    const { env, ...rest } = JSON.parse(await outputOf(dir));
    // Some shells export these whoever asks them.
    for (const ofTheShell of ['PWD', 'OLDPWD', 'SHLVL', '_']) delete env[ofTheShell];
    expect({ env, ...rest }).toEqual({ argv: given, env: { ONLY: 'this', OUTLIVE_MARK: runMark(dir) }, cwd: dir.workspace, stdin: '' });
  });

  it('is what the kernel takes first when memory runs out', async () => {
    const { dir, over } = await startRun(['cat', '/proc/self/oom_score_adj']);
    await over;
    expect(await outputOf(dir)).toBe('500\n');
  });

  it('has its outcome on record before anybody is told of it', async () => {
    const { dir, over } = await startRun(agentArgv('floods-stderr'));
    const exit = await over;
    expect(exit).toEqual({ exitCode: 3, endedBy: 'itself', ...anyDuration });
    expect(await journalOf(dir)).toMatchObject({ phase: 'ended', exit });
    expect((await stat(dir.stderr)).size).toBe(4 * 1024 * 1024);
  });

  it('ends by itself where a stranger kills it', async () => {
    const { dir, over } = await startRun(agentArgv('forever'));
    await saysReady(dir);
    process.kill((await journalOf(dir)).entered?.agent.pid ?? 0, 'SIGKILL');
    expect(await over).toEqual({ signal: 'SIGKILL', endedBy: 'itself', ...anyDuration });
  });

  it.each(['leaves-a-daemon', 'leaves-an-unmarked-child'])('takes with it what it leaves behind: %s', async (name) => {
    const { dir, over } = await startRun(agentArgv(name));
    expect(await over).toMatchObject({ exitCode: 0, endedBy: 'itself' });
    const left = Number(await outputOf(dir));
    expect(left).toBeGreaterThan(1);
    expect(isAlive(left)).toBe(false);
  });
});

describe('an agent that is to end', () => {
  it('has the cause in its journal before it gets a signal, and is killed after its grace', async () => {
    const { dir, over, supervisor } = await startRun(agentArgv('ignores-sigterm'));
    await saysReady(dir);
    await orderEnd(dir, 'cancel', 700);
    poke(supervisor);
    await until('it hears the signal', async () => (await outputOf(dir)).includes('no'));
    expect(await journalOf(dir)).toMatchObject({ phase: 'entered', endedBy: 'cancel' });
    expect(await over).toEqual({ signal: 'SIGKILL', endedBy: 'cancel', ...anyDuration });
  });

  it('ends soon where the order comes without a signal', async () => {
    const { dir, over } = await startRun(agentArgv('forever'));
    await saysReady(dir);
    await orderEnd(dir, 'budget', 5000);
    expect(await over).toMatchObject({ signal: 'SIGTERM', endedBy: 'budget' });
  });

  it('keeps the first cause, and is told only once', async () => {
    const { dir, over, supervisor } = await startRun(agentArgv('ignores-sigterm'));
    await saysReady(dir);
    await orderEnd(dir, 'stall', 700);
    poke(supervisor);
    await until('it hears the signal', async () => (await outputOf(dir)).includes('no'));
    await orderEnd(dir, 'cancel', 300);
    poke(supervisor);
    expect(await over).toMatchObject({ endedBy: 'stall' });
    // Agents read a second SIGTERM as "at once".
    expect(await outputOf(dir)).toBe('ready\nno\n');
    expect(await journalOf(dir)).toMatchObject({ endedBy: 'stall', exit: { endedBy: 'stall' } });
  });

  it('ends in good order where somebody tells its supervisor to', async () => {
    const { dir, over, supervisor } = await startRun(agentArgv('forever'));
    await saysReady(dir);
    process.kill(supervisor.pid, 'SIGTERM');
    expect(await over).toMatchObject({ signal: 'SIGTERM', endedBy: 'drain' });
    expect(await journalOf(dir)).toMatchObject({ endedBy: 'drain', phase: 'ended' });
  });

  it('takes no order that is garbage', async () => {
    const dir = runIn(await tempFolder());
    const { over, supervisor } = await startRun(agentArgv('works-without-a-word', '10'), { dir });
    await until('it works', async () => (await readFile(dir.result, 'utf8').catch(() => '')) !== '');
    await writeFile(dir.order, '{"end": "can');
    poke(supervisor);
    expect(await over).toMatchObject({ exitCode: 0, endedBy: 'itself' });
  });
});

describe('a limit', () => {
  it('of time ends the agent', async () => {
    const { over } = await startRun(agentArgv('forever'), { limits: { wallMs: 300, outputBytes: 2 ** 30 } });
    expect(await over).toMatchObject({ signal: 'SIGTERM', endedBy: 'wall_limit' });
  });

  it('of time may be longer than any timer', async () => {
    const { over } = await startRun(['sleep', '0.3'], { limits: { wallMs: 2 ** 40, outputBytes: 2 ** 30 } });
    expect(await over).toMatchObject({ exitCode: 0 });
  });

  it('of output counts both streams together', async () => {
    const script = 'printf %600s; printf %600s >&2; echo ready; exec sleep 60';
    const { dir, over } = await startRun(sh(script), { limits: { wallMs: 60_000, outputBytes: 1024 } });
    await saysReady(dir);
    expect(await over).toMatchObject({ signal: 'SIGTERM', endedBy: 'output_limit' });
  });

  it('of its life without an owner ends the agent', async () => {
    const { over } = await startRun(agentArgv('forever'), { leaseUntil: leaseClock() + 1 });
    expect(await over).toMatchObject({ signal: 'SIGTERM', endedBy: 'lease' });
  });

  it('of its life without an owner moves with every renewal', async () => {
    const dir = runIn(await tempFolder());
    await mkdir(dir.root, { recursive: true });
    await writeLease(dir.lease, leaseClock() + 60);
    const { over } = await startRun(agentArgv('works-without-a-word', '15'), { dir, leaseUntil: leaseClock() + 1 });
    expect(await over).toMatchObject({ exitCode: 0, endedBy: 'itself' });
  });

  it('of its life without an owner stands where the renewal cannot be read', async () => {
    const dir = runIn(await tempFolder());
    await mkdir(dir.root, { recursive: true });
    await writeFile(dir.lease, '{"until":');
    const { over } = await startRun(agentArgv('forever'), { dir, leaseUntil: leaseClock() + 1 });
    expect(await over).toMatchObject({ endedBy: 'lease' });
  });
});

describe('an agent that cannot be started', () => {
  const notes = (dir: RunDir) => join(dir.workspace, 'notes.txt');
  it.each<[string, (dir: RunDir) => string[], Partial<RunOrder>, string, RegExp]>([
    ['there is no such program', () => ['no-such-program-here'], { env: { PATH: '/bin' } }, 'ENOENT', /no program no-such-program-here/],
    ['its PATH has no such program', () => ['sh'], { env: { PATH: '/nowhere' } }, 'ENOENT', /no program sh/],
    ['the file is no program', (dir) => [notes(dir)], {}, 'EACCES', /notes\.txt may not be executed/],
    ['the arguments are too long', () => ['true', 'x'.repeat(3_000_000)], {}, 'E2BIG', /E2BIG/],
    [
      'the folder is missing, and blames the folder',
      () => ['true'],
      { cwd: '/nowhere/at/all' },
      'ENOENT',
      /\/nowhere\/at\/all does not exist/,
    ],
  ])('says so: %s', async (_, argv, more, code, message) => {
    const dir = runIn(await tempFolder());
    await mkdir(dir.workspace, { recursive: true });
    await writeFile(notes(dir), 'words');
    await chmod(notes(dir), 0o644);
    const exit = await (await startRun(argv(dir), { dir, ...more })).over;
    expect(exit).toEqual({ notStarted: { code, message: expect.stringMatching(message) }, endedBy: 'itself', ...anyDuration });
    const journal = await journalOf(dir);
    expect(journal.exit).toEqual(exit);
    expect(journal.entered).toBeUndefined();
  });

  it('never begins where its start cannot be written down', async () => {
    const dir = runIn(await tempFolder());
    const supervisor = await poolIn(dir.state).take();
    leavesNothing(dir);
    await mkdir(dir.journal, { recursive: true });
    await mkdir(dir.workspace);
    const { over } = supervisor.run(orderFor(dir, ['touch', join(dir.root, 'begun')]), () => undefined);
    expect(await over).toMatchObject({ notStarted: { code: 'EISDIR', message: expect.stringMatching(/could not be written down/) } });
    await expect(stat(join(dir.root, 'begun'))).rejects.toThrow(/ENOENT/);
  });
});

describe('a supervisor without its worker', () => {
  const begin = async () => {
    const state = await tempFolder();
    const child = fork('dist/host/supervisor.cjs', { env: {}, detached: true, stdio: ['ignore', 'ignore', 'ignore', 'ipc'] });
    onTestFinished(() => void child.kill('SIGKILL'));
    const exited = once(child, 'exit');
    const identity = processIdentity(child.pid ?? 0) ?? { pid: 0, startTime: 0 };
    const dir = runIn(state);
    leavesNothing(dir);
    await prepareRun(dir, identity);
    const heard = async (kind: SupervisorNews['kind']) => {
      for await (const [news] of on(child, 'message')) if ((news as SupervisorNews).kind === kind) return;
    };
    return { child, exited, dir, heard };
  };

  it('brings its run to its end, writes it down and goes', async () => {
    const { child, exited, dir, heard } = await begin();
    const entered = heard('entered');
    child.send(orderFor(dir, sh('until [ -e go ]; do sleep 0.05; done; echo done')));
    await entered;
    child.disconnect();
    await writeFile(join(dir.workspace, 'go'), '');
    expect(await exited).toEqual([0, null]);
    expect(await outputOf(dir)).toBe('done\n');
    expect(await journalOf(dir)).toMatchObject({ phase: 'ended', exit: { exitCode: 0, endedBy: 'itself' } });
  });

  it('goes at once where it has no run', async () => {
    const { child, exited } = await begin();
    child.disconnect();
    expect(await exited).toEqual([0, null]);
  });

  it('goes where it is told to between two runs', async () => {
    const { child, exited, dir, heard } = await begin();
    const ended = heard('ended');
    child.send(orderFor(dir, ['true']));
    await ended;
    child.kill('SIGTERM');
    expect(await exited).toEqual([0, null]);
  });
});
