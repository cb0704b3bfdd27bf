// A run's processes: the agent, what it started, and what those left behind in sessions of their own.
// A pid alone names nobody, because numbers are reused: pid and start time together do. What has left group and session is
// found by the run's mark in its environment. Without /proc (macOS) the mark cannot be read, and only the group is ended.

import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

export const MARK_VARIABLE = 'OUTLIVE_MARK';

const POLL_MS = 25;
/** A sweep kills everything that is there; only a tree that forks faster than it dies needs more than two. */
const MAX_SWEEPS = 200;
const HAS_PROC = existsSync('/proc/self/stat');

/** `startTime` is in clock ticks since boot (from `ps`, without /proc, in ms): only ever compared with itself. */
export interface ProcessIdentity {
  readonly pid: number;
  readonly startTime: number;
}

interface ProcessRow extends ProcessIdentity {
  readonly parent: number;
  readonly group: number;
  readonly session: number;
  readonly alive: boolean;
}

/** The living process with that number; a zombie counts as gone. */
export function processIdentity(pid: number): ProcessIdentity | undefined {
  const row = readRow(pid);
  return row?.alive ? { pid, startTime: row.startTime } : undefined;
}

/** Another one after each boot of the machine, so that no pid of before is taken for one of today. */
export function bootId(): string {
  return HAS_PROC ? readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim() : 'unknown';
}

/** Every other living process that carries exactly this mark in its environment. */
export function findMarked(mark: string): number[] {
  return processTable()
    .filter((row) => row.pid !== process.pid && carries(row.pid, mark))
    .map((row) => row.pid);
}

export interface Spawning {
  readonly argv: readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  /** Closed where it is left out. */
  readonly stdin?: 'pipe';
  /** File descriptors that the process writes to. */
  readonly stdout: number;
  readonly stderr: number;
}

/** How a process ended; Node's nulls are gone. */
export type ProcessEnd = { readonly exitCode: number } | { readonly signal: NodeJS.Signals };

export interface Spawned extends ProcessIdentity {
  readonly child: ChildProcess;
  readonly ended: Promise<ProcessEnd>;
}

/** Starts a program as the leader of its own session and group. Rejects with the system's error. */
export async function spawnInOwnGroup(spawning: Spawning): Promise<Spawned> {
  const [program = '', ...args] = spawning.argv;
  const child = spawn(program, args, {
    cwd: spawning.cwd,
    env: { ...spawning.env },
    stdio: [spawning.stdin ?? 'ignore', spawning.stdout, spawning.stderr],
    detached: true,
  });
  const { pid } = child;
  if (pid === undefined) return new Promise((_, reject) => child.once('error', reject));
  // Both before the event loop turns: until then even a program that has already ended is neither reaped nor told of.
  const startTime = readRow(pid)?.startTime ?? 0;
  const ended = new Promise<ProcessEnd>((resolve) => {
    child.once('exit', (code, signal) => resolve(signal ? { signal } : { exitCode: code ?? 0 }));
  });
  return { pid, startTime, child, ended };
}

export interface EndingTree {
  /** Leader of the tree's group and session. Without its start time it is not trusted, and nobody is signalled for it. */
  readonly pid?: number | undefined;
  readonly pidStartTime?: number | undefined;
  readonly mark: string;
  /** From SIGTERM to SIGKILL. */
  readonly graceMs: number;
}

/** `left`: those that survived SIGKILL (stuck in the kernel, or of another user); empty as a rule. */
export interface EndedTree {
  readonly signalled: readonly number[];
  readonly left: readonly number[];
}

/** Ends a whole tree: SIGTERM, a grace, then SIGKILL until nobody is left. Never this process, never pid 1. */
export async function endTree(ending: EndingTree): Promise<EndedTree> {
  const tree: Tree = { leader: trustedLeader(ending), mark: ending.mark, since: ending.pidStartTime ?? 0 };
  const signalled = new Set<number>();
  const members = signalMembers(tree, 'SIGTERM', signalled);
  // The usual end: nobody is there, so nobody can fork, and a second look at all processes would be for nothing.
  if (members.length === 0) return { signalled: [], left: [] };
  await allGone(members, ending.graceMs);
  for (let sweep = 0; sweep < MAX_SWEEPS; sweep++) {
    const left = signalMembers(tree, 'SIGKILL', signalled);
    if (left.length === 0) return { signalled: [...signalled], left: [] };
    await allGone(left, POLL_MS);
  }
  return { signalled: [...signalled], left: membersOf(tree).map((row) => row.pid) };
}

interface Tree {
  readonly leader: number | undefined;
  readonly mark: string;
  /** The leader's start: whoever is older cannot be of its tree, and reading every environment of a busy host costs. */
  readonly since: number;
}

/**
 * The pid, unless somebody else has that number now. A leader that is gone is still good for its group: the kernel does
 * not hand out a number again while a group or session bears it.
 */
function trustedLeader({ pid, pidStartTime }: EndingTree): number | undefined {
  if (pid === undefined || pidStartTime === undefined || pid <= 1) return undefined;
  const row = readRow(pid);
  return row && row.startTime !== pidStartTime ? undefined : pid;
}

function signalMembers(tree: Tree, signal: NodeJS.Signals, signalled: Set<number>): ProcessRow[] {
  const { leader } = tree;
  const members = membersOf(tree);
  const ownGroup = readRow(process.pid)?.group;
  // The group at one blow, because its members may fork between two single signals. Nobody is signalled twice: agents
  // read a second SIGTERM as "at once".
  const asGroup = leader !== undefined && leader !== ownGroup && members.some((row) => row.group === leader);
  if (asGroup) send(-leader, signal);
  for (const { pid, group } of members) {
    if (!asGroup || group !== leader) send(pid, signal);
    signalled.add(pid);
  }
  return members;
}

function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // Gone since it was listed, or of another user: the next look tells which.
  }
}

async function allGone(members: readonly ProcessIdentity[], withinMs: number): Promise<void> {
  const until = performance.now() + withinMs;
  while (members.some(({ pid, startTime }) => processIdentity(pid)?.startTime === startTime) && performance.now() < until) {
    await sleep(Math.min(POLL_MS, withinMs));
  }
}

/** The leader's group and session, whoever carries the mark, and the children of all these. */
function membersOf({ leader, mark, since }: Tree): ProcessRow[] {
  const table = processTable();
  const members = new Set(
    table
      .filter(
        (row) =>
          (leader !== undefined && (row.group === leader || row.session === leader)) || (row.startTime >= since && carries(row.pid, mark)),
      )
      .map((row) => row.pid),
  );
  for (let before = -1; before !== members.size; ) {
    before = members.size;
    for (const row of table) if (members.has(row.parent)) members.add(row.pid);
  }
  return table.filter((row) => members.has(row.pid) && row.pid !== process.pid && row.pid !== 1);
}

function carries(pid: number, mark: string): boolean {
  if (!HAS_PROC || mark === '') return false;
  try {
    return readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0').includes(`${MARK_VARIABLE}=${mark}`);
  } catch {
    return false;
  }
}

function processTable(): ProcessRow[] {
  if (!HAS_PROC) return rowsFromPs(['-ax']);
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((name) => readRow(Number(name)))
    .filter((row) => row !== undefined)
    .filter((row) => row.alive);
}

/** Fields of /proc/<pid>/stat, counted after the last bracket, because the program's name may hold spaces and brackets. */
function readRow(pid: number): ProcessRow | undefined {
  if (!HAS_PROC) return rowsFromPs(['-p', String(pid)])[0];
  let stat: string;
  try {
    stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch {
    return undefined;
  }
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [parent, group, session, startTime] = [1, 2, 3, 19].map((place) => Number(fields[place])) as [number, number, number, number];
  return { pid, parent, group, session, startTime, alive: !/^[ZX]/i.test(fields[0] ?? 'X') };
}

function rowsFromPs(which: readonly string[]): ProcessRow[] {
  const listed = spawnSync('ps', [...which, '-o', 'pid=,ppid=,pgid=,stat=,lstart='], {
    encoding: 'utf8',
    env: { PATH: process.env['PATH'], LC_ALL: 'C' },
  });
  return (listed.stdout ?? '')
    .split('\n')
    .map((line) => /^\s*(\d+)\s+(\d+)\s+(\d+)\s+(\S+)\s+(.+)$/.exec(line))
    .filter((match) => match !== null)
    .map(([, pid, parent, group, state, started]) => ({
      pid: Number(pid),
      parent: Number(parent),
      group: Number(group),
      session: Number(group),
      startTime: Date.parse(started ?? ''),
      alive: !state?.startsWith('Z'),
    }));
}
