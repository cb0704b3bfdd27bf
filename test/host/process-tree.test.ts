import { spawn } from 'node:child_process';
import { open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { bootId, endTree, findMarked, MARK_VARIABLE, processIdentity, type Spawned, spawnInOwnGroup } from '../../src/host/process-tree.ts';
import { fixture, isAlive, tempFolder, testMark, until } from './scratch.ts';

interface Running extends Spawned {
  readonly output: () => Promise<string>;
}

/** Starts a fixture in its own group and waits for its first line. */
async function start(name: string, mark: string): Promise<Running> {
  const cwd = await tempFolder();
  const file = join(cwd, 'out');
  const log = await open(file, 'a');
  const argv = [process.execPath, fixture(name)];
  const spawned = await spawnInOwnGroup({
    argv,
    cwd,
    env: { PATH: process.env['PATH'] ?? '', [MARK_VARIABLE]: mark },
    stdout: log.fd,
    stderr: log.fd,
  });
  await log.close();
  const output = () => readFile(file, 'utf8');
  await until(`${name} speaks`, async () => (await output()).includes('\n'));
  return { ...spawned, output };
}

describe('the identity of a process', () => {
  it('stays the same while it lives, and is gone with it', async () => {
    const mark = testMark();
    const agent = await start('forever', mark);
    expect(processIdentity(agent.pid)).toEqual({ pid: agent.pid, startTime: agent.startTime });
    agent.child.kill('SIGKILL');
    expect(await agent.ended).toEqual({ signal: 'SIGKILL' });
    expect(processIdentity(agent.pid)).toBeUndefined();
  });

  it('is read right where the program’s name has brackets and spaces', async () => {
    const cwd = await tempFolder();
    const child = spawn('sh', ['-c', `ln -s "$(command -v sleep)" 'a) R 1 (b' && exec './a) R 1 (b' 60`], { cwd });
    const named = until('it has its name', async () => (await readFile(`/proc/${child.pid}/comm`, 'utf8')) === 'a) R 1 (b\n');
    await named.finally(() => child.kill('SIGSTOP'));
    const seen = processIdentity(child.pid ?? 0);
    child.kill('SIGKILL');
    expect(seen?.startTime).toBeGreaterThan(1000);
  });

  it('knows one boot from another', () => {
    expect(bootId()).toMatch(/^[0-9a-f-]{36}$/);
    expect(bootId()).toBe(bootId());
  });
});

describe('the mark of a run', () => {
  it('is found by its whole value only', async () => {
    const mark = testMark();
    const agent = await start('forever', mark);
    expect(findMarked(mark)).toEqual([agent.pid]);
    expect(findMarked(mark.slice(0, -1))).toEqual([]);
    expect(findMarked('')).toEqual([]);
    await endTree({ mark, graceMs: 0 });
  });
});

describe('the end of a tree', () => {
  it('lets a process end by itself that listens', async () => {
    const mark = testMark();
    const agent = await start('forever', mark);
    const ended = await endTree({ pid: agent.pid, pidStartTime: agent.startTime, mark, graceMs: 10_000 });
    expect(ended).toEqual({ signalled: [agent.pid], left: [] });
    expect(await agent.ended).toEqual({ signal: 'SIGTERM' });
  });

  it('kills one that does not listen, after its grace, and asks only once', async () => {
    const mark = testMark();
    const agent = await start('ignores-sigterm', mark);
    await endTree({ pid: agent.pid, pidStartTime: agent.startTime, mark, graceMs: 1500 });
    expect(await agent.ended).toEqual({ signal: 'SIGKILL' });
    expect(await agent.output()).toBe('ready\nno\n');
  });

  it('finds a daemon that left group and session', async () => {
    const mark = testMark();
    const agent = await start('leaves-a-daemon', mark);
    await agent.ended;
    const daemon = Number(await agent.output());
    expect(isAlive(daemon)).toBe(true);
    expect(await endTree({ mark, graceMs: 50 })).toEqual({ signalled: [daemon], left: [] });
    expect(isAlive(daemon)).toBe(false);
  });

  it('finds a child that lost the mark but not the session', async () => {
    const mark = testMark();
    const agent = await start('leaves-an-unmarked-child', mark);
    await agent.ended;
    const child = Number(await agent.output());
    expect(await endTree({ pid: agent.pid, pidStartTime: agent.startTime, mark, graceMs: 1000 })).toEqual({ signalled: [child], left: [] });
  });

  it('outruns a program that answers SIGTERM with a copy of itself', async () => {
    const mark = testMark();
    const agent = await start('starts-another-when-told-to-end', mark);
    const ended = await endTree({ pid: agent.pid, pidStartTime: agent.startTime, mark, graceMs: 2000 });
    expect(ended.left).toEqual([]);
    expect(ended.signalled.length).toBeGreaterThan(1);
    expect(findMarked(mark)).toEqual([]);
  });

  it('signals nobody where the number belongs to somebody else by now', async () => {
    const mark = testMark();
    const agent = await start('forever', mark);
    const other = `${mark}-of-another-run`;
    expect(await endTree({ pid: agent.pid, pidStartTime: agent.startTime - 1, mark: other, graceMs: 0 })).toEqual({
      signalled: [],
      left: [],
    });
    expect(await endTree({ pid: agent.pid, mark: other, graceMs: 0 })).toEqual({ signalled: [], left: [] });
    expect(isAlive(agent.pid)).toBe(true);
    await endTree({ mark, graceMs: 0 });
  });

  it('never ends this process, nor the first one', async () => {
    const self = processIdentity(process.pid);
    const init = processIdentity(1);
    expect(await endTree({ pid: 1, pidStartTime: init?.startTime, mark: '', graceMs: 0 })).toEqual({ signalled: [], left: [] });
    const signalled = (await endTree({ pid: self?.pid, pidStartTime: self?.startTime, mark: '', graceMs: 0 })).signalled;
    expect(signalled).not.toContain(process.pid);
  });
});

describe('a start', () => {
  it('gives the system’s word where the program does not exist', async () => {
    const spawning = { argv: ['no-such-program-here'], cwd: await tempFolder(), env: {}, stdout: 1, stderr: 2 };
    await expect(spawnInOwnGroup(spawning)).rejects.toMatchObject({ code: 'ENOENT' });
  });
});
