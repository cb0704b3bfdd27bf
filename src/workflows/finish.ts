// Makes what Outlive itself owes, one activity an effect: its Scheduled event is the intent, its Completed event the
// effect. Never starts an agent; may be walked any number of times, what stands there already is not made again.

import { ActivityFailure, isCancellation, proxyActivities } from '@temporalio/workflow';
import type { ControlActivities, Made } from '../domain/contract.ts';
import type { Ask } from '../domain/decision.ts';
import { CONTROL_QUEUE, finishActivityId, hostQueue } from '../domain/names.ts';
import { nameOf, owedByOutlive, sayOutput } from '../domain/output.ts';
import { sayError } from '../domain/say-error.ts';
import type { Output } from '../domain/task.ts';
import type { FinishStep, Step } from './step.ts';
import type { TaskLife } from './task-life.ts';

export async function finish(life: TaskLife, { because, vouched }: FinishStep): Promise<Step> {
  const isMissing = (index: number) => life.seen.outputs[index]?.state !== 'present' && !life.adopted.has(index);
  const owed = owedByOutlive(life.task).filter(({ index }) => isMissing(index));
  if (owed.length > 0) life.finishing();
  for (const { index, output } of owed) {
    const made = await make(life, index, output);
    if (!made.ok) return askAbout(index, output, made.why);
    life.made(index, made.value);
    if (made.value.seen.state !== 'present') return askAbout(index, output, made.value.seen.evidence);
  }
  return { kind: 'end', state: 'done', because: doneBecause(life, vouched ? because : undefined) };
}

type Effect = { readonly ok: true; readonly value: Made } | { readonly ok: false; readonly why: string };

async function make(life: TaskLife, index: number, output: Output): Promise<Effect> {
  const { finish: effect } = proxyActivities<Pick<ControlActivities, 'finish'>>({
    taskQueue: queueOf(life, output),
    activityId: finishActivityId(index, nameOf(output)),
    summary: life.summary(`make ${sayOutput(output)}`),
    startToCloseTimeout: '5m',
    heartbeatTimeout: life.timing.heartbeatMs,
    scheduleToCloseTimeout: life.timing.finishPatienceMs,
    // A cancel lets the running effect end, so that it is known whether it came about.
    cancellationType: 'WAIT_CANCELLATION_COMPLETED',
    retry: { maximumInterval: '1m' },
  });
  const { task, seen, published } = life;
  try {
    const input = { task, output: index, n: life.runs.at(-1)?.n ?? 0 };
    const again = life.tried.has(index) ? ({ again: true } as const) : {};
    life.tried.add(index);
    const value = await effect({
      ...input,
      ...(seen.bank ? { bank: seen.bank } : {}),
      ...(published ? { expected: published } : {}),
      ...again,
    });
    return { ok: true, value };
  } catch (error) {
    if (isCancellation(error)) throw error;
    const cause = error instanceof ActivityFailure ? error.cause : error;
    return { ok: false, why: sayError(cause) };
  }
}

/** What is banked at the origin can be published from anywhere, the rest only where it lies. All else needs no clone. */
function queueOf(life: TaskLife, { kind }: Output): string {
  if (kind !== 'push') return CONTROL_QUEUE;
  const { bank } = life.seen;
  const host = life.runs.at(-1)?.host;
  return host === undefined || (bank?.state === 'banked' && bank.at === 'origin') ? CONTROL_QUEUE : hostQueue(host);
}

function askAbout(index: number, output: Output, why: string): Step {
  const ask: Ask = {
    text: `The work is there, but ${sayOutput(output)} did not come about: ${why} Put right what is in its way, then answer \`finish\`; \`adopt\` goes on without it.`,
    evidence: [{ where: `output ${nameOf(output)}`, value: why }],
    choices: ['finish', 'adopt', 'look', 'wait', 'close'],
  };
  return { kind: 'ask', ask, notes: [], output: index, back: { kind: 'finish', because: 'tried again' } };
}

/** `vouched`: who took it as it is, where somebody did. */
function doneBecause({ task, seen }: TaskLife, vouched: string | undefined): string {
  const missing = seen.outputs.filter(({ state }) => state !== 'present').map(({ kind, state }) => `${kind} ${state}`);
  const red = seen.checks.filter(({ state }) => state !== 'green').map(({ check, state }) => `check ${check} ${state}`);
  const without = [...missing, ...red];
  if (without.length > 0) return `taken as it is${vouched ? `: ${vouched}` : ''}; what is not as it was asked for: ${without.join(', ')}`;
  const unchecked = task.checks.length === 0 ? '; no check was asked for' : ', every check green';
  return `every output is present${unchecked}${vouched ? `; ${vouched}` : ''}`;
}
