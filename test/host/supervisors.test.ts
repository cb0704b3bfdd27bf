import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { processIdentity } from '../../src/host/process-tree.ts';
import { endOfRun, recallRun } from '../../src/host/recall.ts';
import { createSupervisors } from '../../src/host/supervisors.ts';
import { isAlive, runIn, tempFolder, until } from './scratch.ts';
import { agentArgv, journalOf, poolIn, prepareRun, processesIn, saysReady, startRun } from './supervised.ts';

const stat = async (pid: number): Promise<string[]> => (await readFile(`/proc/${pid}/stat`, 'utf8')).split(') ')[1]?.split(' ') ?? [];

async function onlyOneIn(state: string): Promise<number[]> {
  await until('only one is there', () => processesIn(state).length === 1);
  return processesIn(state);
}

describe('a supervisor', () => {
  it('is a process of its own session that knows nothing of its worker', async () => {
    const state = await tempFolder();
    const { pid, startTime, release } = await poolIn(state).take();
    expect(processIdentity(pid)).toEqual({ pid, startTime });
    const [, , group, session] = await stat(pid);
    expect({ group, session }).toEqual({ group: String(pid), session: String(pid) });
    expect(processesIn(state)).toContain(pid);
    const environment = await readFile(`/proc/${pid}/environ`, 'utf8');
    expect(environment.split('\0').filter((variable) => variable !== '' && !variable.startsWith('NODE_CHANNEL_'))).toEqual([]);
    release();
  });

  it('does run after run', async () => {
    const state = await tempFolder();
    const pool = poolIn(state);
    const first = await startRun(['true'], { pool, dir: runIn(state, 1) });
    expect(await first.over).toMatchObject({ exitCode: 0 });
    const second = await startRun(['false'], { pool, dir: runIn(state, 2) });
    expect(second.supervisor.pid).toBe(first.supervisor.pid);
    expect(await second.over).toMatchObject({ exitCode: 1 });
    expect((await journalOf(first.dir)).exit).toMatchObject({ exitCode: 0 });
  });

  it('has one run at a time', async () => {
    const pool = poolIn(await tempFolder());
    const three = await Promise.all([pool.take(), pool.take(), pool.take()]);
    expect(new Set(three.map(({ pid }) => pid)).size).toBe(3);
    for (const supervisor of three) supervisor.release();
  });

  it('that is named in a journal and got no run does not make the run a living one', async () => {
    const state = await tempFolder();
    const supervisor = await poolIn(state).take();
    const dir = runIn(state);
    await prepareRun(dir, supervisor);
    expect((await recallRun(dir)).kind).toBe('living');
    supervisor.release();
    await until('it has gone', () => !isAlive(supervisor.pid));
    expect(await recallRun(dir)).toMatchObject({ kind: 'ended', entered: false });
  });

  it('waits ready for the next run', async () => {
    const state = await tempFolder();
    const pool = poolIn(state);
    const first = await pool.take();
    await until('another one is there', () => processesIn(state).some((other) => other !== first.pid));
    const ready = processesIn(state);
    const second = await pool.take();
    expect(ready).toContain(second.pid);
    for (const supervisor of [first, second]) supervisor.release();
  });

  it('that died while it waited gets no run', async () => {
    const state = await tempFolder();
    const pool = poolIn(state);
    const { release } = await pool.take();
    await until('two are there', () => processesIn(state).length === 2);
    release();
    const [ready = 0] = await onlyOneIn(state);
    process.kill(ready, 'SIGKILL');
    await until('its worker knows', () => !existsSync(`/proc/${ready}`));
    const next = await pool.take();
    expect(isAlive(next.pid)).toBe(true);
    next.release();
  });

  it('that died tells nothing of its run, and gets no other', async () => {
    const state = await tempFolder();
    const pool = poolIn(state);
    const { dir, supervisor, over } = await startRun(agentArgv('forever'), { pool, dir: runIn(state) });
    await saysReady(dir);
    process.kill(supervisor.pid, 'SIGKILL');
    expect(await over).toBeUndefined();
    await endOfRun(dir);
    const next = await pool.take();
    expect(next.pid).not.toBe(supervisor.pid);
    next.release();
  });

  it('lives on with its run when the others are sent away', async () => {
    const state = await tempFolder();
    const pool = poolIn(state);
    const dir = runIn(state);
    const { supervisor, over } = await startRun(['sh', '-c', 'echo ready; until [ -e go ]; do sleep 0.05; done'], { pool, dir });
    await saysReady(dir);
    pool.close();
    await until('only one is left', () => processesIn(state).join() === String(supervisor.pid));
    expect(isAlive(supervisor.pid)).toBe(true);
    await writeFile(join(dir.workspace, 'go'), '');
    expect(await over).toMatchObject({ exitCode: 0 });
    await until('it has gone too', () => processesIn(state).length === 0);
  });

  it('is refused with the system’s word where none can be started', async () => {
    const file = join(await tempFolder(), 'no-folder');
    await writeFile(file, '');
    const pool = createSupervisors(file);
    await expect(pool.take()).rejects.toMatchObject({ code: 'EEXIST' });
    pool.close();
  });
});
