// A sweep of a host, and what it has come to.

import { type Closed, closedOf, isOver, type TaskLook, type Terms } from '../../domain/retention.ts';
import type { AskOfTask, TaskLooks } from './task-looks.ts';

/** `run` is the path of the run's folder. */
export interface Dropped {
  readonly run: string;
  readonly bytes: number;
  readonly why: string;
}

/** Something that stays although its task is closed, and what a person can do. `run` is the path of its folder, of the record of its bank, or of a cache. */
export interface Kept {
  readonly run: string;
  readonly why: string;
}

/** `caches`: paths of those dropped. `freedBytes`: of runs and caches. */
export interface Swept {
  readonly dropped: readonly Dropped[];
  readonly kept: readonly Kept[];
  readonly caches: readonly string[];
  readonly freedBytes: number;
}

/** `now` in milliseconds since 1970. `signal` ends the sweep after the step it is at. */
export interface Sweeping {
  readonly state: string;
  readonly terms: Terms;
  readonly now: number;
  readonly ask: AskOfTask;
  readonly signal: AbortSignal;
}

export interface Sweep extends Sweeping {
  readonly looks: TaskLooks;
  /** So far. */
  readonly swept: { dropped: Dropped[]; kept: Kept[]; caches: string[]; freedBytes: number };
}

/** Is a bank of this task not needed any more? What goes for good is asked twice, the second time anew. */
export async function isTimeOver({ looks, terms, now }: Sweep, workflowId: string, otherwise: Closed): Promise<boolean> {
  const isSo = (look: TaskLook) => {
    const closed = closedOf(look, otherwise);
    return closed !== undefined && isOver(closed, terms, now);
  };
  return isSo(await looks.at(workflowId)) && isSo(await looks.anew(workflowId));
}
