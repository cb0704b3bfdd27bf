// The messages of a task: query `status`, update and signal `answer`, update `stop`. A validator may throw; a handler
// may not, because a plain error there would block the workflow for ever.

import { ApplicationFailure, type CancellationScope, defineQuery, defineSignal, defineUpdate, setHandler } from '@temporalio/workflow';
import { sayAnswered } from '../domain/answers.ts';
import { ANSWER_REFUSED, type AnswerRecord, type LateResult, STOP_REFUSED, type TaskStatus } from '../domain/contract.ts';
import { readLateResult } from '../domain/late-result.ts';
import { ANSWER, INCIDENT, LATE_RESULT, STATUS_QUERY, STOP_UPDATE } from '../domain/names.ts';
import { type Answer, readAnswer, readStop, type Stop } from '../domain/question.ts';
import type { TaskLife } from './task-life.ts';

const statusQuery = defineQuery<TaskStatus>(STATUS_QUERY);
const answerUpdate = defineUpdate<AnswerRecord, [Answer]>(ANSWER);
const answerSignal = defineSignal<[Answer | string]>(ANSWER);
const lateResultSignal = defineSignal<[LateResult]>(LATE_RESULT);
const incidentSignal = defineSignal<[unknown]>(INCIDENT);
const stopUpdate = defineUpdate<string, [Stop]>(STOP_UPDATE);

const ANSWER_HELP = 'Answer the open question: {"choice": "retry", "note": "…", "by": "you"}, or the choice alone as a text';

export function listen(life: TaskLife, scope: CancellationScope): void {
  const read = (sent: unknown) =>
    readAnswer(sent, life.people.question, sayAnswered(life.people.answers), life.people.question ? life.task.agent.use : '');

  setHandler(statusQuery, () => life.status(), { description: 'Runs, decisions, outputs, holds and the open question' });
  setHandler(
    answerUpdate,
    (sent) => {
      const answer = read(sent);
      // The validator has just accepted the same value in the same state; refusing kindly is for a handler that ran in between.
      if (!answer.ok) throw ApplicationFailure.nonRetryable(answer.problem, ANSWER_REFUSED);
      return life.accept(answer.value);
    },
    { description: ANSWER_HELP, validator: (sent) => refuse(read(sent), ANSWER_REFUSED) },
  );
  setHandler(
    answerSignal,
    (sent) => {
      const answer = read(sent);
      if (answer.ok) life.accept(answer.value);
      else life.people.refuse(answer.problem);
    },
    { description: ANSWER_HELP },
  );
  setHandler(
    lateResultSignal,
    (sent) => {
      const late = readLateResult(sent);
      if (late.ok) life.lateResult(late.value);
      else life.people.refuse(late.problem);
    },
    { description: 'How a run ended that had been given up; sent by its host' },
  );
  setHandler(
    incidentSignal,
    (sent) => {
      const scope = readWake(sent);
      if (scope === undefined) life.people.refuse('expected {"scope": "provider/…"}');
      else life.waits.wake(scope);
    },
    { description: 'An incident that the task waits for may be over: {"scope": "provider/…"}; it asks again whether it may start' },
  );
  setHandler(
    stopUpdate,
    (sent) => {
      const stop = readStop(sent);
      if (!stop.ok) throw ApplicationFailure.nonRetryable(stop.problem, STOP_REFUSED);
      life.stopped ??= stop.value;
      scope.cancel();
      return 'the agent is ended, what it left is kept, then the task ends';
    },
    { description: 'Stop the task for good: {"why": "…", "by": "you"}', validator: (sent) => refuse(readStop(sent), STOP_REFUSED) },
  );
}

function readWake(sent: unknown): string | undefined {
  const scope = typeof sent === 'object' && sent !== null ? (sent as { readonly scope?: unknown }).scope : sent;
  return typeof scope === 'string' ? scope : undefined;
}

function refuse(read: { readonly ok: true } | { readonly ok: false; readonly problem: string }, type: string): void {
  if (!read.ok) throw ApplicationFailure.nonRetryable(read.problem, type);
}
