// What the agents of a soak put on record, start by start (agent.mjs writes it).

import { existsSync, readFileSync } from 'node:fs';

/** `at` is in epoch ms. */
interface RecordLine {
  readonly task: string;
  readonly run: number;
  readonly pid: number;
  readonly at: number;
}

/** `commits` and `steps` that it found; `others`: processes that worked on the same task at that moment. */
export interface Began extends RecordLine {
  readonly kind: 'began';
  readonly commits: number;
  readonly steps: number;
  readonly others: readonly string[];
}
interface StepDone extends RecordLine {
  readonly kind: 'step';
  readonly step: number;
}
interface EndedWell extends RecordLine {
  readonly kind: 'ended';
}

/** The starts of each task's agents, oldest first. */
export function startsOf(record: string): ReadonlyMap<string, readonly Began[]> {
  const lines = existsSync(record) ? readFileSync(record, 'utf8').split('\n').filter(Boolean) : [];
  const starts = new Map<string, Began[]>();
  for (const line of lines) {
    const told = JSON.parse(line) as Began | StepDone | EndedWell;
    if (told.kind === 'began') starts.set(told.task, [...(starts.get(told.task) ?? []), told]);
  }
  return starts;
}
