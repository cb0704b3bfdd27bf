// What a host knows of a run that it did not see end: whether it lives, and if not, how it came to its end. Whoever died
// (worker, supervisor, agent, container, machine), there is one answer, and after it nothing of a dead run lives.

import { existsSync, statSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { EndedBy, Exit } from '../domain/run.ts';
import { replaceFile } from './durable-file.ts';
import { endOf, incarnation } from './incarnation.ts';
import { type Journal, outcomeOf, type Prepared, readJournal, writeOutcome } from './journal.ts';
import { oomKills } from './oom-kills.ts';
import { endTree, type ProcessIdentity, processIdentity } from './process-tree.ts';
import { type RunDir, runMark } from './state-dir.ts';
import type { EndOrder } from './supervisor-messages.ts';

const GRACE_MS = 5000;
const POLL_MS = 100;
/** From the end of the grace to the outcome: the sweeps of the tree, and a disk that is slow. */
const PATIENCE_MS = 15_000;

/** `entered`: the agent's process was there. `journal` is missing where it cannot be relied on. */
export interface EndedRun {
  readonly kind: 'ended';
  readonly exit: Exit;
  readonly entered: boolean;
  readonly journal?: Journal;
}

export type Recalled =
  | { readonly kind: 'unknown' }
  | { readonly kind: 'living'; readonly journal: Journal; readonly supervisor: ProcessIdentity }
  | EndedRun;

export async function recallRun(dir: RunDir): Promise<Recalled> {
  const read = await readJournal(dir);
  if (read.kind === 'missing') return { kind: 'unknown' };
  if (read.kind === 'known' && !read.journal.exit && supervisorLives(read.journal.prepared))
    return { kind: 'living', journal: read.journal, supervisor: read.journal.prepared.supervisor };
  return endOfRun(dir);
}

/** The end of a run that has no supervisor any more. Writes it down where nobody did. */
export async function endOfRun(dir: RunDir, graceMs = GRACE_MS): Promise<EndedRun> {
  // Read anew: the supervisor may have written its last word since.
  const read = await readJournal(dir);
  if (read.kind !== 'known') {
    await endTree({ mark: runMark(dir), graceMs });
    const unreadable = read.kind === 'corrupt' ? read.evidence : `the journal ${dir.journal} is gone`;
    return { kind: 'ended', exit: { endedBy: 'supervisor_lost', unreadable, durationMs: 0 }, entered: true };
  }
  const { journal } = read;
  const entered = journal.exit ? journal.exit.notStarted === undefined && journal.entered !== undefined : journal.entered !== undefined;
  const exit = journal.exit ?? (await endWithoutSupervisor(dir, journal, graceMs));
  return { kind: 'ended', exit, entered, journal };
}

/** Ends a run, whatever state it is in, and gives how it ended; resolves once nothing of it lives. */
export async function endRun(dir: RunDir, cause: EndedBy, graceMs = GRACE_MS): Promise<EndedRun | undefined> {
  for (let asked = false; ; asked = true) {
    const recalled = await recallRun(dir);
    if (recalled.kind === 'unknown') return undefined;
    if (recalled.kind === 'ended') return recalled;
    if (!asked) void orderEnd(dir, recalled.supervisor, cause, graceMs);
    await sleep(POLL_MS);
  }
}

/** Tells a supervisor to end its run. One that has not done it in good time never will: it is killed, and then its run is one without a supervisor. */
export async function orderEnd(dir: RunDir, supervisor: ProcessIdentity, cause: EndedBy, graceMs: number): Promise<void> {
  await replaceFile(dir.order, { end: cause, graceMs } satisfies EndOrder).catch(() => undefined);
  poke(supervisor);
  await sleep(graceMs + PATIENCE_MS, undefined, { ref: false });
  // Where the whole folder is gone, its run ended long ago, and its supervisor may have another one by now.
  if (existsSync(dir.journal) && !existsSync(dir.outcome)) send(supervisor, 'SIGKILL');
}

/** SIGHUP: look at your orders. */
export const poke = (supervisor: ProcessIdentity): void => send(supervisor, 'SIGHUP');

/** Never to somebody else who has that number now. */
function send({ pid, startTime }: ProcessIdentity, signal: NodeJS.Signals): void {
  if (processIdentity(pid)?.startTime !== startTime) return;
  try {
    process.kill(pid, signal);
  } catch {
    // Gone since it was looked at.
  }
}

function supervisorLives({ incarnation: then, supervisor }: Prepared): boolean {
  return endOf(then, incarnation()) === undefined && processIdentity(supervisor.pid)?.startTime === supervisor.startTime;
}

async function endWithoutSupervisor(dir: RunDir, journal: Journal, graceMs: number): Promise<Exit> {
  const { prepared, entered, endedBy } = journal;
  const ended = endOf(prepared.incarnation, incarnation());
  // Pids of another life of the machine name somebody else by now.
  const leader = ended === undefined && entered ? { pid: entered.agent.pid, pidStartTime: entered.agent.startTime } : {};
  const { signalled } = await endTree({ ...leader, mark: prepared.mark, graceMs });
  const wasAlive = signalled.length > 0;
  const oomKilled = !wasAlive && ended !== 'boot' && entered !== undefined && oomKills() > entered.oomKills;
  const exit: Exit = {
    // Nobody saw how a process ended that was gone before: neither code nor signal is made up for it.
    ...(wasAlive ? { signal: 'SIGKILL' } : { vanished: ended ?? 'processes' }),
    ...(oomKilled ? { oomKilled } : {}),
    endedBy: endedBy ?? 'supervisor_lost',
    durationMs: Math.max(0, (wasAlive ? Date.now() : lastSignOfLife(dir)) - Date.parse(prepared.at)),
  };
  // On a full disk it stays open, and whoever looks next does this again.
  await writeOutcome(dir, outcomeOf(prepared, exit)).catch(() => undefined);
  return exit;
}

function lastSignOfLife(dir: RunDir): number {
  const times = [dir.journal, dir.stdout, dir.stderr, dir.result].map((file) => statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0);
  return Math.round(Math.max(...times));
}
