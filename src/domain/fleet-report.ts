// What happened to a fleet in a span of time: from the statuses of its tasks to what a person asks in the morning.

import type { RunStatus, TaskStatus } from './contract.ts';
import type { DecisionKind } from './decision.ts';
import { type FailureType, failureType } from './failure.ts';

/** Times in milliseconds, cost in US dollars. Runs and decisions are those that ended or were made within the span. */
export interface FleetReport {
  readonly sinceMs: number;
  readonly tasks: Readonly<Record<'done' | 'failed' | 'cancelled' | 'asking' | 'held' | 'atWork', number>>;
  readonly runs: RunsReport;
  readonly decisions: Readonly<Partial<Record<DecisionKind, number>>>;
  /** Ends that were finished without another run, because the work was there. */
  readonly spared: number;
  /** Runs that failed and left nothing new behind. */
  readonly waste: { readonly runs: number; readonly ms: number; readonly costUsd: number };
  /** Spent waiting, by tasks that closed within the span. */
  readonly waitedMs: number;
  readonly questions: { readonly answered: number; readonly open: number; readonly oldest?: string };
  /** Of the runs that failed, those that nobody could classify: 0 to 1; none where none failed. */
  readonly unclassified?: number;
}

export interface RunsReport {
  readonly ended: number;
  readonly finished: number;
  readonly reasons: Readonly<Partial<Record<FailureType, number>>>;
  readonly ms: number;
  readonly costUsd: number;
}

/** `sinceMs` and `nowMs` since 1970. Closed tasks among `statuses` closed within the span. */
export function fleetReport(statuses: readonly TaskStatus[], sinceMs: number): FleetReport {
  const isWithin = (time: string | undefined): boolean => time !== undefined && Date.parse(time) >= sinceMs;
  const runs = statuses.flatMap((status) => status.runs).filter(({ endedAt }) => isWithin(endedAt));
  const failed = runs.filter(({ outcome }) => outcome === 'failed' || outcome === 'lost');
  const wasted = failed.filter(({ failure, decision }) => failure?.progress !== true && decision?.kind !== 'finish');
  const open = statuses.flatMap(askedAt);
  const unclassified = failed.filter(({ failure }) => failure?.reason === 'unclassified').length;
  const oldest = open.toSorted()[0];
  return {
    sinceMs,
    tasks: tasksOf(statuses),
    runs: {
      ...totalOf(runs),
      ended: runs.length,
      finished: runs.filter(({ outcome }) => outcome === 'finished').length,
      reasons: reasonsOf(failed),
    },
    decisions: tally(runs.flatMap(({ decision }) => (decision ? [decision.kind] : []))),
    spared: runs.filter(({ decision }) => decision?.kind === 'finish').length,
    waste: { ...totalOf(wasted), runs: wasted.length },
    waitedMs: statuses.reduce((sum, { result }) => sum + (result?.waitedMs ?? 0), 0),
    questions: {
      answered: statuses.flatMap(({ answers }) => answers).filter(({ at }) => isWithin(at)).length,
      open: open.length,
      ...(oldest === undefined ? {} : { oldest }),
    },
    ...(failed.length > 0 ? { unclassified: unclassified / failed.length } : {}),
  };
}

/** A status that is told from the history alone has the question as what it waits for. */
function askedAt({ question, hold }: TaskStatus): readonly string[] {
  if (question) return [question.askedAt];
  return hold?.for === 'question' ? [hold.since] : [];
}

function tasksOf(statuses: readonly TaskStatus[]): FleetReport['tasks'] {
  const count = (is: (status: TaskStatus) => boolean): number => statuses.filter(is).length;
  return {
    done: count(({ state }) => state === 'done'),
    failed: count(({ state }) => state === 'failed'),
    cancelled: count(({ state }) => state === 'cancelled'),
    asking: count(({ state }) => state === 'asking'),
    held: count(({ state }) => state === 'held'),
    atWork: count(({ state }) => state === 'queued' || state === 'running' || state === 'finishing'),
  };
}

function totalOf(runs: readonly RunStatus[]): { readonly ms: number; readonly costUsd: number } {
  const ms = runs.reduce((sum, { startedAt, endedAt = startedAt }) => sum + Math.max(0, Date.parse(endedAt) - Date.parse(startedAt)), 0);
  return { ms, costUsd: runs.reduce((sum, { usage }) => sum + (usage?.costUsd ?? 0), 0) };
}

const reasonsOf = (failed: readonly RunStatus[]): RunsReport['reasons'] =>
  tally(failed.flatMap(({ failure }) => (failure ? [failureType(failure.reason)] : [])));

/** The most frequent first. */
function tally<T extends string>(things: readonly T[]): Readonly<Partial<Record<T, number>>> {
  const counts = new Map<T, number>();
  for (const thing of things) counts.set(thing, (counts.get(thing) ?? 0) + 1);
  return Object.fromEntries([...counts].sort(([, one], [, other]) => other - one)) as Partial<Record<T, number>>;
}
