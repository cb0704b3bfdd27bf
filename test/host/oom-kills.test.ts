import { existsSync } from 'node:fs';
import { mkdir, readFile, rmdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished, type TestContext } from 'vitest';
import { classify } from '../../src/domain/classify.ts';
import { oomCounters, oomKills } from '../../src/host/oom-kills.ts';
import { recallRun } from '../../src/host/recall.ts';
import { isAlive, runIn, tempFolder, until } from './scratch.ts';
import { journalOf, leavesNothing, orderFor, poolIn, prepareRun, saysReady, startRun } from './supervised.ts';

const MIB = 1024 ** 2;

/** Waits for the file `go`, then takes memory until the kernel says no. */
const EATS = [
  process.execPath,
  '--eval',
  `console.log('ready');
   const all = [];
   const eat = () => { if (require('node:fs').existsSync('go')) for (;;) all.push(Buffer.alloc(${MIB}, 1)); setTimeout(eat, 20); };
   eat();`,
];

interface MemoryGroup {
  /** Everything that this process starts from now on is in it too. */
  add(pid: number): Promise<void>;
}

/** A group of processes that may have that much memory together, swap included. Skips the test where none can be made. */
async function memoryGroup({ skip }: TestContext, bytes: number): Promise<MemoryGroup> {
  const isV1 = existsSync('/sys/fs/cgroup/memory/memory.limit_in_bytes');
  const root = isV1 ? '/sys/fs/cgroup/memory' : '/sys/fs/cgroup';
  const group = join(root, `outlive-test-${process.pid}`);
  const [limit, swap] = isV1 ? ['memory.limit_in_bytes', 'memory.memsw.limit_in_bytes'] : ['memory.max', 'memory.swap.max'];
  try {
    await mkdir(group);
    onTestFinished(() =>
      until('the memory group is gone', () =>
        rmdir(group).then(
          () => true,
          () => false,
        ),
      ),
    );
    await writeFile(join(group, limit), String(bytes));
    if (existsSync(join(group, swap))) await writeFile(join(group, swap), String(isV1 ? bytes : 0));
  } catch (error) {
    const why = `no group with a limit of memory can be made here: ${(error as Error).message}`;
    process.stderr.write(`skipped: ${why}\n`);
    skip(why);
  }
  return { add: (pid) => writeFile(join(group, 'cgroup.procs'), String(pid)) };
}

describe('the kernel’s counts of kills for lack of memory', () => {
  it('are added up', async () => {
    const counts = await Promise.all(
      oomCounters().map(async (file) => Number(/^oom_kill (\d+)$/m.exec(await readFile(file, 'utf8'))?.[1])),
    );
    expect(oomKills()).toBe(counts.reduce((sum, count) => sum + count, 0));
  });

  it.skipIf(process.platform !== 'linux')('can be read on this machine', () => {
    expect(oomCounters().length).toBeGreaterThan(0);
  });
});

describe('an agent that takes all memory', () => {
  it('is killed before its supervisor, which says what killed it', async (context) => {
    const group = await memoryGroup(context, 160 * MIB);
    const dir = runIn(await tempFolder());
    const supervisor = await poolIn(dir.state).take();
    leavesNothing(dir);
    await prepareRun(dir, supervisor);
    // As in a container: both have one limit.
    await group.add(supervisor.pid);
    await writeFile(join(dir.workspace, 'go'), '');
    const exit = await supervisor.run(orderFor(dir, EATS), () => undefined).over;
    expect(exit).toEqual({ signal: 'SIGKILL', endedBy: 'itself', oomKilled: true, durationMs: expect.any(Number) });
    expect(isAlive(supervisor.pid)).toBe(true);
    expect((await journalOf(dir)).exit).toEqual(exit);
    expect(classify(exit ?? {})).toMatchObject({ class: 'host', reason: 'out_of_memory', basis: 'supervisor' });
  });

  it('is known for it where its supervisor died too', async (context) => {
    const group = await memoryGroup(context, 100 * MIB);
    const { dir, supervisor } = await startRun(EATS);
    await saysReady(dir);
    const agent = (await journalOf(dir)).entered?.agent.pid ?? 0;
    process.kill(supervisor.pid, 'SIGKILL');
    await until('its supervisor is gone', () => !isAlive(supervisor.pid));
    await group.add(agent);
    await writeFile(join(dir.workspace, 'go'), '');
    await until('the agent is gone', () => !isAlive(agent));
    const recalled = await recallRun(dir);
    expect(recalled).toMatchObject({ kind: 'ended', exit: { vanished: 'processes', oomKilled: true } });
    expect(classify(recalled.kind === 'ended' ? recalled.exit : {})).toMatchObject({ reason: 'out_of_memory' });
  });

  it('is not blamed on memory where somebody killed it', async () => {
    const { dir, over } = await startRun(['sh', '-c', 'kill -9 $$']);
    const exit = await over;
    expect(exit).toEqual({ signal: 'SIGKILL', endedBy: 'itself', durationMs: expect.any(Number) });
    expect(classify((await journalOf(dir)).exit ?? {})).toMatchObject({ reason: 'killed' });
  });
});
