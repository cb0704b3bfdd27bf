// How a task's life is told to whoever asks for its status.

import type { AnswerRecord, DecisionStatus, Hold, RunStatus, TaskResult, TaskState, TaskStatus } from './contract.ts';
import type { Decision } from './decision.ts';
import { reasonsOf } from './ledgers.ts';
import type { Banked, Seen } from './output.ts';
import { type PlanState, planStatus } from './plan.ts';
import type { Question } from './question.ts';
import type { RunRecord } from './run.ts';
import type { Task } from './task.ts';

export interface Told {
  readonly id: string;
  readonly title: string;
  /** Left out until `begin` has read the spec. */
  readonly task: Task | undefined;
  readonly state: TaskState;
  readonly runs: readonly RunRecord[];
  readonly decisions: ReadonlyMap<number, Decision>;
  readonly seen: Seen;
  readonly bank: Banked | undefined;
  readonly plan: PlanState | undefined;
  readonly hold: Hold | undefined;
  readonly people: {
    readonly question: Question | undefined;
    readonly answers: readonly AnswerRecord[];
    readonly refused: readonly string[];
    readonly untold: number;
  };
  readonly result: TaskResult | undefined;
}

export function taskStatus({
  id,
  title,
  task,
  state,
  runs,
  decisions,
  seen,
  bank,
  plan,
  hold,
  people: { question, answers, refused, untold },
  result,
}: Told): TaskStatus {
  return {
    id,
    title: task?.title ?? title,
    state,
    owner: task?.owner ?? '',
    ...(task?.checks.length === 0 ? { unchecked: true } : {}),
    runs: runs.map((run) => runStatus(run, decisions.get(run.n))),
    outputs: seen.outputs,
    ...(bank ? { bank } : {}),
    ...(plan ? { plan: planStatus(plan, runs, result?.state === 'done') } : {}),
    ...(hold ? { hold } : {}),
    ...(question ? { question } : {}),
    answers,
    refused,
    ...(untold > 0 ? { untold } : {}),
    ...(result ? { result } : {}),
  };
}

function runStatus(
  { entered: _, leaseOver: __, boundSession: ___, capUsd: ____, ...run }: RunRecord,
  decision: Decision | undefined,
): RunStatus {
  return decision ? { ...run, decision: decisionStatus(decision) } : run;
}

/** How the task ended, and what it took. */
export function taskResult({
  id,
  task,
  state,
  because,
  runs,
  waitedMs,
  seen,
}: Pick<Told, 'id' | 'task' | 'runs' | 'seen'> & Pick<TaskResult, 'state' | 'because' | 'waitedMs'>): TaskResult {
  return {
    id,
    state,
    because,
    runs: runs.length,
    reasons: reasonsOf(runs),
    waitedMs,
    outputs: seen.outputs,
    ...(task?.checks.length === 0 ? { unchecked: true } : {}),
  };
}

export function decisionStatus({ kind, because, afterMs, evidence, used, otherwise }: Decision): DecisionStatus {
  return {
    kind,
    because,
    ...(afterMs === undefined ? {} : { afterMs }),
    ...(evidence === undefined ? {} : { evidence }),
    ...(used === undefined ? {} : { used }),
    ...(otherwise === undefined ? {} : { otherwise }),
  };
}
