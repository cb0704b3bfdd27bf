// The process between a worker and an agent. It outlives the worker: it starts the agent, bounds its time, its output and
// its life without an owner, ends its whole tree, and writes down how it ended before anybody is told. Nothing else is
// its business; it knows no server, no task and no repository. Bundled into one file without dependencies.
//
// It does one run at a time, and another one after it as long as its worker lives: starting Node costs more than a run
// of a second. Without a worker it ends with its run.

import { existsSync, statSync } from 'node:fs';
import { mkdir, open } from 'node:fs/promises';
import type { EndedBy, Exit } from '../domain/run.ts';
import { readJson } from './durable-file.ts';
import { findProgram } from './find-program.ts';
import { outcomeOf, reserveOutcome, writeJournal } from './journal.ts';
import { leaseClock, readLease } from './lease.ts';
import { oomKills } from './oom-kills.ts';
import { endTree, MARK_VARIABLE, processIdentity, type Spawned, spawnInOwnGroup } from './process-tree.ts';
import type { EndOrder, RunOrder, SupervisorNews } from './supervisor-messages.ts';

const TICK_MS = 500;
/** From SIGTERM to SIGKILL, where nobody names another grace. */
const GRACE_MS = 5000;
/** What the agent leaves behind has had its whole life to end. */
const LEFTOVER_GRACE_MS = 1000;
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/**
 * Waits until the journal names its process, then becomes the agent: nothing of the agent can have happened that the
 * journal does not know of. A supervisor that dies before closes the pipe. The agent's score is raised, so that the
 * kernel takes it first when memory runs out, and not its supervisor.
 */
const GATE = 'read -r go || exit 125; { echo 500 >/proc/self/oom_score_adj; } 2>/dev/null; exec "$@" </dev/null';

interface Supervised {
  end(cause: EndedBy, graceMs: number): void;
  lookAtOrders(): Promise<void>;
}
let current: Supervised | undefined;

async function supervise(order: RunOrder): Promise<Exit> {
  const since = performance.now();
  const ended = (how: Partial<Exit>): Exit => ({ endedBy: 'itself', ...how, durationMs: Math.round(performance.now() - since) });
  let spawned: Spawned;
  try {
    spawned = await startBehindGate(order);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    return ended({ notStarted: { code: code ?? 'unknown', message } });
  }
  const killsBefore = oomKills();
  try {
    await writeJournal(order.dir, { kind: 'entered', agent: { pid: spawned.pid, startTime: spawned.startTime }, oomKills: killsBefore });
  } catch (error) {
    spawned.child.kill('SIGKILL');
    await spawned.ended;
    const { code, message } = error as NodeJS.ErrnoException;
    return ended({ notStarted: { code: code ?? 'unknown', message: `its start could not be written down: ${message}` } });
  }
  const watched = watch(order, spawned);
  spawned.child.stdin?.on('error', () => undefined).end('go\n');
  tell({ kind: 'entered', pid: spawned.pid });
  const end = await spawned.ended;
  const endedBy = await watched.over();
  const wasKilled = 'signal' in end ? end.signal === 'SIGKILL' : end.exitCode === 137;
  const oomKilled = wasKilled && endedBy === 'itself' && oomKills() > killsBefore;
  return ended({ ...end, endedBy, ...(oomKilled ? { oomKilled } : {}) });
}

async function startBehindGate({ argv, dir, cwd, env, mark }: RunOrder): Promise<Spawned> {
  await mkdir(dir.tmp, { recursive: true });
  // The system's word for a missing folder is "no such file" too, with the program's name in it.
  if (!existsSync(cwd)) throw Object.assign(new Error(`the working directory ${cwd} does not exist`), { code: 'ENOENT' });
  findProgram(argv[0] ?? '', env['PATH'], cwd);
  // Files and no pipes: whoever dies must not break the agent's output, and a flood must not fill anybody's memory.
  const stdout = await open(dir.stdout, 'a', 0o600);
  const stderr = await open(dir.stderr, 'a', 0o600);
  try {
    const gated = ['/bin/sh', '-c', GATE, 'outlive-gate', ...argv];
    return await spawnInOwnGroup({
      argv: gated,
      cwd,
      env: { ...env, [MARK_VARIABLE]: mark },
      stdin: 'pipe',
      stdout: stdout.fd,
      stderr: stderr.fd,
    });
  } finally {
    await stdout.close();
    await stderr.close();
  }
}

/** Looks after a living agent. `over` is called once its process has ended: it ends what is left of the tree and says who ended it. */
function watch(order: RunOrder, { pid, startTime }: Spawned): { over(): Promise<EndedBy> } {
  const { dir, mark, limits } = order;
  let { leaseUntil } = order;
  let endedBy: EndedBy | undefined;
  let ending: Promise<unknown> | undefined;
  const endWith = (graceMs: number) => endTree({ pid, pidStartTime: startTime, mark, graceMs });

  // The cause is written before the signal: whoever finds the agent dead knows that it was us.
  const setOut = async (cause: EndedBy, graceMs: number) => {
    endedBy ??= cause;
    // On a full disk it cannot be written, and the agent has to end all the same.
    await writeJournal(dir, { kind: 'ending', endedBy }).catch(() => undefined);
    await endWith(graceMs);
  };
  const end = (cause: EndedBy, graceMs: number) => {
    // One that was frozen itself finds its limits passed before it hears that the agent has long ended.
    if (processIdentity(pid)?.startTime === startTime) ending ??= setOut(cause, graceMs);
  };
  const lookAtOrders = async () => {
    const told = (await readJson(dir.order).catch(() => undefined)) as EndOrder | undefined;
    if (told) end(told.end, told.graceMs);
  };
  const tick = async () => {
    leaseUntil = (await readLease(dir.lease)) ?? leaseUntil;
    if (leaseClock() > leaseUntil) end('lease', GRACE_MS);
    if (sizeOf(dir.stdout) + sizeOf(dir.stderr) > limits.outputBytes) end('output_limit', GRACE_MS);
    await lookAtOrders();
  };
  const ticking = setInterval(() => void tick(), TICK_MS);
  const wall = setTimeout(() => end('wall_limit', GRACE_MS), Math.min(limits.wallMs, LONGEST_TIMER_MS));
  current = { end, lookAtOrders };
  return {
    over: async () => {
      clearInterval(ticking);
      clearTimeout(wall);
      current = undefined;
      const by = endedBy ?? 'itself';
      await ending;
      await endWith(LEFTOVER_GRACE_MS);
      return by;
    },
  };
}

/** An agent may take the folder's rights away. */
function sizeOf(file: string): number {
  try {
    return statSync(file).size;
  } catch {
    return 0;
  }
}

let busy = false;

async function take(order: RunOrder): Promise<void> {
  busy = true;
  // Its room on the disk is taken first: a run that fills the disk still has an outcome.
  const outcome = await reserveOutcome(order.dir).catch(() => undefined);
  const exit = outcome ? await supervise(order) : noRoom();
  const isWritten = await outcome?.write(outcomeOf(order.run, exit)).then(
    () => true,
    () => false,
  );
  // A run without an outcome is taken for a living one as long as its supervisor lives.
  if (!isWritten) return tell({ kind: 'ended', exit }, () => process.exit(0));
  busy = false;
  tell({ kind: 'ended', exit });
  if (!process.connected) process.exit(0);
}

function noRoom(): Exit {
  return {
    notStarted: { code: 'ENOSPC', message: 'there is no room on the disk to write down how it ends' },
    endedBy: 'itself',
    durationMs: 0,
  };
}

function tell(news: SupervisorNews, andThen: () => void = () => undefined): void {
  if (process.connected) process.send?.(news, andThen);
  else andThen();
}

process.on('message', (order) => void take(order as RunOrder));
process.on('disconnect', () => {
  if (!busy) process.exit(0);
});
process.on('SIGHUP', () => void current?.lookAtOrders());
// A service manager or a container that takes everything: the agent ends in good order as well.
for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.on(signal, () => {
    if (current) current.end('drain', GRACE_MS);
    else process.exit(0);
  });
}
