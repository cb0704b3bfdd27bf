// What a task's search attributes say. Those of the start are free; every change costs an event, so nothing is said twice.

import { upsertSearchAttributes } from '@temporalio/workflow';
import type { TaskState } from '../domain/contract.ts';
import { failureType } from '../domain/failure.ts';
import { SEARCH_ATTRIBUTES } from '../domain/names.ts';
import type { RunRecord } from '../domain/run.ts';

export class SaidAttributes {
  /** The server knows all of them; where it lacks one, a change would block the workflow. */
  areThere = false;
  /** A task starts with its first run told of. */
  private said: AttributeValues = { ...attributeValues('running', []), runs: 1 };

  say(taskState: TaskState, runs: readonly RunRecord[]): void {
    const values = attributeValues(taskState, runs);
    if (!this.areThere || sameValues(values, this.said)) return;
    this.said = values;
    const { state, runs: count, reason, host } = SEARCH_ATTRIBUTES;
    upsertSearchAttributes([
      { key: state, value: values.state },
      { key: count, value: values.runs },
      ...(values.reason ? [{ key: reason, value: values.reason }] : []),
      ...(values.host ? [{ key: host, value: values.host }] : []),
    ]);
  }
}

type AttributeValues = { state: string; runs: number; reason: string | undefined; host: string | undefined };

/** A run that has just begun has neither a reason nor a host: the newest that is known stands. */
function attributeValues(state: TaskState, runs: readonly RunRecord[]): AttributeValues {
  const reason = runs.findLast((run) => run.failure)?.failure?.reason;
  const host = runs.findLast((run) => run.host)?.host;
  return { state, runs: runs.length, reason: reason && failureType(reason), host };
}

const sameValues = (a: AttributeValues, b: AttributeValues): boolean =>
  a.state === b.state && a.runs === b.runs && a.reason === b.reason && a.host === b.host;
