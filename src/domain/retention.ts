// What a host may drop of the runs of closed tasks, and when. What is not known to be closed, told of and readable stays,
// whatever the disk says; what stays although its task is closed is named, with what a person can do.

import { sayDuration } from './duration.ts';
import { saySize } from './size.ts';

/** Milliseconds since its task closed, for tasks that were done and for all others; above `diskBytes` the oldest go earlier. */
export interface Terms {
  readonly doneMs: number;
  readonly otherMs: number;
  readonly diskBytes: number;
}

/** How and when a task ended, in milliseconds since 1970. */
export interface Closed {
  readonly done: boolean;
  readonly closedAt: number;
}

/** What the server says of a task. `forgotten`: it closed longer ago than the server remembers. */
export type TaskLook =
  | { readonly kind: 'open' }
  | ({ readonly kind: 'closed' } & Closed)
  | { readonly kind: 'forgotten' }
  | { readonly kind: 'unknown'; readonly why: string };

/**
 * What the folder of a run says of itself. `unreported`: nobody is known to have been told of its end. `never_started`:
 * there is no trace of an agent in it.
 */
export type RunTrace =
  | { readonly kind: 'reported' | 'never_started' | 'unreported' }
  | { readonly kind: 'unreadable'; readonly evidence: string };

/** A run's folder. `newest`: the last time known of it, in milliseconds since 1970. */
export interface KeptRun {
  readonly trace: RunTrace;
  readonly look: TaskLook;
  readonly newest: number;
}

interface Because<R> {
  readonly run: R;
  readonly why: string;
}

/** `due`: its time is over. `spare`: may go where the disk is short, oldest closed first. `stuck`: needs a person. The rest stays as it is. */
export interface Choice<R> {
  readonly due: readonly Because<R>[];
  readonly spare: readonly Because<R>[];
  readonly stuck: readonly Because<R>[];
}

/** Undefined where the task may be open. `otherwise` is what is known of one that the server has forgotten. */
export function closedOf(look: TaskLook, otherwise: Closed): Closed | undefined {
  switch (look.kind) {
    case 'closed':
      return look;
    case 'forgotten':
      return otherwise;
    case 'open':
    case 'unknown':
      return undefined;
  }
}

export const isOver = ({ done, closedAt }: Closed, { doneMs, otherMs }: Terms, now: number): boolean =>
  now - closedAt >= (done ? doneMs : otherMs);

/** Which folders may go. `now` in milliseconds since 1970. */
export function choose<R extends KeptRun>(runs: readonly R[], terms: Terms, now: number): Choice<R> {
  const fates = runs.map((run) => ({ run, fate: fateOf(run, terms, now) }));
  const those = (kind: Fate['kind']) =>
    fates.flatMap(({ run, fate }) => (fate.kind === kind && fate.kind !== 'stays' ? [{ run, why: fate.why, at: fate.at }] : []));
  return { due: those('due'), spare: those('spare').toSorted((one, other) => one.at - other.at), stuck: those('stuck') };
}

type Fate = { readonly kind: 'stays' } | { readonly kind: 'due' | 'spare' | 'stuck'; readonly why: string; readonly at: number };

const STAYS: Fate = { kind: 'stays' };

function fateOf({ trace, look, newest }: KeptRun, terms: Terms, now: number): Fate {
  const closed = closedOf(look, { done: false, closedAt: newest });
  if (!closed) return STAYS;
  const at = closed.closedAt;
  switch (trace.kind) {
    case 'unreadable':
      return { kind: 'stuck', at, why: `${trace.evidence}. See whether work worth keeping lies in it, then remove it by hand` };
    case 'unreported':
      return { kind: 'stuck', at, why: UNREPORTED };
    case 'never_started':
      // By time alone: a clone that is just being made looks the same.
      return isOver(closed, terms, now) ? { kind: 'due', at, why: sayOver(closed, terms, now) } : STAYS;
    case 'reported':
      if (isOver(closed, terms, now)) return { kind: 'due', at, why: sayOver(closed, terms, now) };
      // An unreadable time has no place in an order.
      return Number.isFinite(at) ? { kind: 'spare', at, why: sayAge(closed, now) } : STAYS;
  }
}

const UNREPORTED =
  'its task is closed, but its journal does not say that anybody was told of its end. The worker sees to that by itself; where it stands here for hours, restart the worker and look into its log';

const sayAge = ({ done, closedAt }: Closed, now: number): string =>
  `its task ${done ? 'was done' : 'ended without being done'} ${sayDuration(now - closedAt)} ago`;

const sayOver = (closed: Closed, { doneMs, otherMs }: Terms, now: number): string =>
  `${sayAge(closed, now)}, and such are kept for ${sayDuration(closed.done ? doneMs : otherMs)}`;

/** Why a run goes before its time. */
export const sayPressure = (why: string, usedBytes: number, { diskBytes }: Terms): string =>
  `runs and caches took ${saySize(usedBytes)} of ${saySize(diskBytes)}; ${why}; what it left stays in the bank`;

/** A completed task was done, unless it says otherwise in its memo: a stopped one completes too. */
export function wasDone(status: string, memo: Readonly<Record<string, unknown>> | undefined): boolean {
  const result = memo?.['result'];
  const state = typeof result === 'object' && result !== null && 'state' in result ? result.state : 'done';
  return status === 'COMPLETED' && state === 'done';
}
