// A question: it stands until a person answers it, or something new comes to light. Until then it reminds, and goes to the
// fallback owner; whatever becomes of a notice, the question waits for its answer.

import { condition, isCancellation, patched, proxyActivities } from '@temporalio/workflow';
import { sayAnswer } from '../domain/answers.ts';
import type { ControlActivities } from '../domain/contract.ts';
import { CONTROL_QUEUE, notifyActivityId } from '../domain/names.ts';
import { type Attention, type NoticeKind, nextNotice, noticeOf, type Told } from '../domain/notice.ts';
import { type Answer, withSettings } from '../domain/question.ts';
import { headOfWork } from './conclude.ts';
import { type AskStep, afterAnswer, type Step } from './step.ts';
import type { TaskLife } from './task-life.ts';

const HOUR_MS = 3_600_000;

export async function ask(life: TaskLife, step: AskStep): Promise<Step> {
  life.ask(step.ask);
  const askedMs = Date.now();
  await untilAnswered(life);
  if (life.people.answer === undefined) {
    life.supersede();
    return { kind: 'settle' };
  }
  const answer = life.takeAnswer();
  obey(life, answer);
  const next = afterAnswer(answer, step, sayAnswer(answer));
  return Date.now() - askedMs > HOUR_MS && next.kind === 'run' ? lookFirst(life, next) : next;
}

/** The world moves on while a person thinks: what another hand has done meanwhile is not done again. */
function lookFirst(life: TaskLife, run: Extract<Step, { kind: 'run' }>): Step {
  if (!life.runs.at(-1)?.failure || !patched('look-before-late-retry')) return run;
  life.answered = { kind: run.plans ? 'split' : 'retry', because: run.because };
  return { kind: 'settle' };
}

function obey(life: TaskLife, { choice, set }: Answer): void {
  if (set) life.task = withSettings(life.task, set);
  if (choice === 'retry' || choice === 'split') life.granted += 1;
  if (choice === 'approve') life.approved = headOfWork(life);
  life.look = 0;
}

async function untilAnswered(life: TaskLife): Promise<void> {
  const isOver = () => life.people.answer !== undefined || life.newEvidence;
  const { attention } = life;
  if (!attention) return condition(isOver);
  const askedMs = Date.now();
  let told: Told = { reminders: 0, escalated: false };
  sendOut(life, attention, 'asked', 0);
  for (let next = nextNotice(attention, told); next; next = nextNotice(attention, told)) {
    const leftMs = Math.max(1, askedMs + next.atMs - Date.now());
    if (await condition(isOver, leftMs, { summary: `${life.people.question?.id} waits for an answer` })) return;
    told = next.kind === 'escalated' ? { ...told, escalated: true } : { ...told, reminders: told.reminders + 1 };
    if (next.kind === 'escalated' && attention.fallback !== undefined) life.escalate(attention.fallback);
    sendOut(life, attention, next.kind, told.reminders);
  }
  await condition(isOver);
}

/** Nobody waits for it: a channel that is down must not hold up a task. */
function sendOut(life: TaskLife, { channels }: Attention, kind: NoticeKind, k: number): void {
  const {
    people: { question },
    task,
  } = life;
  if (!question) return;
  const notice = noticeOf(kind, k, task, question);
  for (let channel = 0; channel < channels; channel += 1) {
    const { notify } = proxyActivities<Pick<ControlActivities, 'notify'>>({
      taskQueue: CONTROL_QUEUE,
      activityId: notifyActivityId(question.id, kind, k, channel),
      summary: life.summary(`tell ${question.owner}: ${kind}`),
      startToCloseTimeout: '1m',
      scheduleToCloseTimeout: '1h',
      retry: { maximumInterval: '5m' },
    });
    notify({ notice, channel }).catch((error: unknown) => {
      if (!isCancellation(error)) life.untold();
    });
  }
}
