import { chmod, mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type AgentProcess, type AgentStart, type NotStarted, startAgent } from '../../src/host/agent-process.ts';
import { bootId, processIdentity } from '../../src/host/process-tree.ts';
import { type Journal, type RunDir, readJournal, writeJournal } from '../../src/host/state-dir.ts';
import { fixture, isAlive, runIn, tempFolder, testMark, until, WORKFLOW_RUN } from './scratch.ts';

const NO_LIMITS = { wallMs: 60_000, stallMs: 60_000 };

async function makeRun(mark: string): Promise<RunDir> {
  const dir = runIn(await tempFolder());
  await mkdir(dir.workspace, { recursive: true });
  const startedAt = new Date().toISOString();
  await writeJournal(dir, {
    v: 1,
    taskId: 'fix-it',
    n: 1,
    workflowId: 'task/fix-it',
    workflowRunId: WORKFLOW_RUN,
    bootId: bootId(),
    mark,
    startedAt,
  });
  return dir;
}

async function start(
  dir: RunDir,
  mark: string,
  argv: readonly string[],
  more: Partial<AgentStart> = {},
): Promise<AgentProcess | NotStarted> {
  const env = { PATH: process.env['PATH'] ?? '', OUTLIVE_RESULT_FILE: dir.result };
  return startAgent({ argv, dir, cwd: dir.workspace, env, mark, limits: NO_LIMITS, ...more });
}

async function started(dir: RunDir, mark: string, name: string, more: Partial<AgentStart> = {}, ...args: string[]): Promise<AgentProcess> {
  const agent = await start(dir, mark, [process.execPath, fixture(name), ...args], more);
  if (agent.kind === 'not_started') throw new Error(agent.exit.notStarted?.message);
  return agent;
}

async function journalOf(dir: RunDir): Promise<Journal> {
  const read = await readJournal(dir);
  if (read.kind !== 'known') throw new Error(read.kind);
  return read.journal;
}

const outputOf = (dir: RunDir): Promise<string> => readFile(dir.stdout, 'utf8').catch(() => '');
const ready = (dir: RunDir): Promise<void> => until('the agent is ready', async () => (await outputOf(dir)).includes('ready'));

describe('an agent that is started', () => {
  it('is in the journal before anybody is told of it', async () => {
    const mark = testMark();
    const dir = await makeRun(mark);
    const told: unknown[] = [];
    const agent = await started(dir, mark, 'forever', { onStarted: (process) => told.push(process) });
    const { pid, startTime } = agent;
    expect(await journalOf(dir)).toMatchObject({ pid, pidStartTime: startTime });
    expect(told).toEqual([{ pid, startTime }]);
    expect(processIdentity(pid)).toEqual({ pid, startTime });
    await agent.end('cancel', 0);
  });

  it('sees the environment it was given and its mark, its folder, and a closed stdin', async () => {
    const mark = testMark();
    const dir = await makeRun(mark);
    const agent = await started(dir, mark, 'says-what-it-was-given', { env: { ONLY: 'this' } }, 'one', 'two');
    await agent.exited;
    const given = JSON.parse(await outputOf(dir));
    expect(given).toEqual({ argv: ['one', 'two'], env: { ONLY: 'this', OUTLIVE_MARK: mark }, cwd: dir.workspace, stdin: '' });
  });

  it('has its exit in the journal before anybody is told of it', async () => {
    const mark = testMark();
    const dir = await makeRun(mark);
    const agent = await started(dir, mark, 'floods-stderr');
    const exit = await agent.exited;
    expect(exit).toEqual({ exitCode: 3, endedBy: 'itself', durationMs: expect.any(Number) });
    expect(await journalOf(dir)).toMatchObject({ pid: agent.pid, exit });
    expect((await stat(dir.stderr)).size).toBe(4 * 1024 * 1024);
  });

  it('ends by itself where a stranger kills it', async () => {
    const mark = testMark();
    const dir = await makeRun(mark);
    const agent = await started(dir, mark, 'forever');
    process.kill(agent.pid, 'SIGKILL');
    expect(await agent.exited).toEqual({ signal: 'SIGKILL', endedBy: 'itself', durationMs: expect.any(Number) });
  });

  it.each(['leaves-a-daemon', 'leaves-an-unmarked-child'])('takes with it what it leaves behind: %s', async (name) => {
    const mark = testMark();
    const dir = await makeRun(mark);
    const agent = await started(dir, mark, name);
    expect(await agent.exited).toMatchObject({ exitCode: 0, endedBy: 'itself' });
    const left = Number(await outputOf(dir));
    expect(left).toBeGreaterThan(1);
    expect(isAlive(left)).toBe(false);
  });

  it('is not started twice', async () => {
    const mark = testMark();
    const dir = await makeRun(mark);
    const agent = await started(dir, mark, 'forever');
    await expect(started(dir, mark, 'forever')).rejects.toThrow(/was started before/);
    await agent.end('cancel', 0);
    await expect(started(dir, mark, 'forever')).rejects.toThrow(/was started before/);
  });

  it('is not started without a journal', async () => {
    const dir = runIn(await tempFolder());
    await expect(started(dir, testMark(), 'forever')).rejects.toThrow(/no readable journal/);
  });
});

describe('an agent that is ended', () => {
  it('has the cause in its journal before it gets a signal', async () => {
    const mark = testMark();
    const dir = await makeRun(mark);
    const agent = await started(dir, mark, 'ignores-sigterm');
    await ready(dir);
    const ended = agent.end('cancel', 2000);
    await until('it hears the signal', async () => (await outputOf(dir)).includes('no'));
    expect(await journalOf(dir)).toMatchObject({ endedBy: 'cancel' });
    await ended;
    expect(await agent.exited).toMatchObject({ signal: 'SIGKILL', endedBy: 'cancel' });
  });

  it('keeps the first cause', async () => {
    const mark = testMark();
    const dir = await makeRun(mark);
    const agent = await started(dir, mark, 'forever');
    await Promise.all([agent.end('drain', 0), agent.end('cancel', 0)]);
    await agent.end('lease', 0);
    expect(await agent.exited).toMatchObject({ endedBy: 'drain' });
    expect((await journalOf(dir)).exit).toMatchObject({ endedBy: 'drain' });
  });

  it('cannot be ended after it has ended by itself', async () => {
    const mark = testMark();
    const dir = await makeRun(mark);
    const agent = await started(dir, mark, 'floods-stderr');
    await agent.exited;
    await agent.end('cancel');
    expect(await journalOf(dir)).toMatchObject({ exit: { exitCode: 3, endedBy: 'itself' } });
  });
});

describe('a limit', () => {
  it('of time ends the agent', async () => {
    const mark = testMark();
    const dir = await makeRun(mark);
    const agent = await started(dir, mark, 'forever', { limits: { wallMs: 300, stallMs: 60_000 } });
    expect(await agent.exited).toMatchObject({ signal: 'SIGTERM', endedBy: 'wall_limit' });
  });

  it('of silence ends an agent that neither prints nor writes its result', async () => {
    const mark = testMark();
    const dir = await makeRun(mark);
    const agent = await started(dir, mark, 'forever', { limits: { wallMs: 60_000, stallMs: 500 } });
    expect(await agent.exited).toMatchObject({ signal: 'SIGTERM', endedBy: 'stall' });
  });

  it('of silence leaves one alone whose result file grows', async () => {
    const mark = testMark();
    const dir = await makeRun(mark);
    const agent = await started(dir, mark, 'works-without-a-word', { limits: { wallMs: 60_000, stallMs: 2500 } }, '35');
    const before = agent.lastOutputAt();
    expect(await agent.exited).toMatchObject({ exitCode: 0, endedBy: 'itself' });
    expect(agent.lastOutputAt()).toBeGreaterThan(before);
  });
});

describe('an agent that the system refuses to start', () => {
  it.each([
    ['there is no such program', () => ['no-such-program-here'], 'ENOENT'],
    ['the file is no program', (dir: RunDir) => [join(dir.workspace, 'notes.txt')], 'EACCES'],
    ['the arguments are too long', () => [process.execPath, 'x'.repeat(3_000_000)], 'E2BIG'],
  ])('says so: %s', async (_, argv, code) => {
    const mark = testMark();
    const dir = await makeRun(mark);
    await writeFile(join(dir.workspace, 'notes.txt'), 'words');
    await chmod(join(dir.workspace, 'notes.txt'), 0o644);
    const exit = { notStarted: { code, message: expect.any(String) }, endedBy: 'itself', durationMs: 0 };
    expect(await start(dir, mark, argv(dir))).toEqual({ kind: 'not_started', exit });
    expect(await journalOf(dir)).toMatchObject({ exit });
  });

  it('blames the folder and not the program where the folder is missing', async () => {
    const mark = testMark();
    const dir = await makeRun(mark);
    const agent = await start(dir, mark, ['true'], { cwd: join(dir.root, 'nowhere') });
    expect(agent).toMatchObject({ exit: { notStarted: { code: 'ENOENT', message: expect.stringMatching(/nowhere does not exist/) } } });
  });
});
