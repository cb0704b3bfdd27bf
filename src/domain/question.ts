// What a person is asked, and what counts as an answer. Guards are written by hand: they run inside the workflow,
// where a schema library would cost half a megabyte for each waiting task.

import type { Evidence } from './failure.ts';

/** Choices and what they do. Names on the wire. */
export const CHOICES = {
  retry: 'one more run; your note goes into its prompt',
  finish: 'you vouch for the work that is there: Outlive makes the rest without a run',
  look: 'look at everything again, then decide anew',
  wait: 'ask again in an hour',
  close: 'the work cannot be done: the task ends as failed',
} as const;
export type Choice = keyof typeof CHOICES;

export interface Question {
  readonly id: string;
  readonly text: string;
  readonly evidence: readonly Evidence[];
  readonly choices: readonly Choice[];
  readonly owner: string;
  readonly askedAt: string;
}

/** Limits that an answer may set, for the rest of the task. Counts as numbers, durations as `10m`. */
export type LimitSettings = Partial<Record<(typeof SETTABLE)[number], string | number>>;
export const SETTABLE = ['runs', 'perReason', 'wall', 'run.wall', 'run.stall'] as const;

export interface Answer {
  readonly question?: string;
  readonly choice: Choice;
  readonly note?: string;
  readonly set?: LimitSettings;
  readonly by?: string;
}

export interface Stop {
  readonly why: string;
  readonly by?: string;
}
