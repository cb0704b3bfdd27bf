// What a task's search attributes say. Those of the start are free; every change costs an event, so nothing is said twice.

import { upsertSearchAttributes } from '@temporalio/workflow';
import type { TaskState } from '../domain/contract.ts';
import { failureType } from '../domain/failure.ts';
import { SEARCH_ATTRIBUTES } from '../domain/names.ts';
import type { RunRecord } from '../domain/run.ts';

export class SaidAttributes {
  /** The server knows all of them; where it lacks one, a change would block the workflow. */
  private areThere = false;
  /** A task starts with its first run told of. */
  private said: AttributeValues = { ...attributeValues('running', [], ''), runs: 1 };

  begin(areThere: boolean, owner: string): void {
    this.areThere = areThere;
    this.said = { ...this.said, owner };
  }

  /** `owner`: who is asked, or would be. */
  say(taskState: TaskState, runs: readonly RunRecord[], owner: string, incident?: string): void {
    const values = { ...attributeValues(taskState, runs, owner), incident };
    if (!this.areThere || sameValues(values, this.said)) return;
    const isAnother = values.owner !== this.said.owner;
    const isOtherIncident = values.incident !== this.said.incident;
    this.said = values;
    const { state, runs: count, reason, host, owner: of, incident: ill } = SEARCH_ATTRIBUTES;
    upsertSearchAttributes([
      { key: state, value: values.state },
      { key: count, value: values.runs },
      ...(values.reason ? [{ key: reason, value: values.reason }] : []),
      ...(values.host ? [{ key: host, value: values.host }] : []),
      ...(isAnother ? [{ key: of, value: values.owner }] : []),
      ...(isOtherIncident ? [{ key: ill, value: values.incident ?? null }] : []),
    ]);
  }
}

interface AttributeValues {
  readonly state: string;
  readonly runs: number;
  readonly reason: string | undefined;
  readonly host: string | undefined;
  readonly owner: string;
  readonly incident?: string | undefined;
}

/** A run that has just begun has neither a reason nor a host: the newest that is known stands. */
function attributeValues(state: TaskState, runs: readonly RunRecord[], owner: string): AttributeValues {
  const reason = runs.findLast((run) => run.failure)?.failure?.reason;
  const host = runs.findLast((run) => run.host)?.host;
  return { state, runs: runs.length, reason: reason && failureType(reason), host, owner };
}

const sameValues = (a: AttributeValues, b: AttributeValues): boolean =>
  a.state === b.state &&
  a.runs === b.runs &&
  a.reason === b.reason &&
  a.host === b.host &&
  a.owner === b.owner &&
  a.incident === b.incident;
