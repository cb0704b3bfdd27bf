// One effect that Outlive owes: found or made by its kind, and what stands there now is the answer. An outage is thrown and
// tried again by the server; what no try will mend ends the effect at once, for a person.

import { ApplicationFailure, activityInfo, heartbeat } from '@temporalio/activity';
import { EFFECT_REFUSED, type FinishInput, type Made } from '../domain/contract.ts';
import type { PushSource } from '../host/bank.ts';
import { repoCache } from '../host/state-dir.ts';
import { asSeen, make } from '../outputs/index.ts';
import { EffectDelayed, EffectRefused, type MadeAnswer } from '../outputs/output-type.ts';
import type { Deps } from './deps.ts';
import { outputWorker } from './output-worker.ts';
import { dirOfRun } from './this-task.ts';

export async function finish(deps: Deps, input: FinishInput): Promise<Made> {
  const output = input.task.outputs[input.output];
  if (!output) throw new Error(`the task has no output ${input.output + 1}`);
  const answer = await beating(() => make(output, makingOf(deps, input))).catch((error: unknown) => {
    throw asFailure(deps, error);
  });
  const { state, evidence, head } = deps.redact.with(input.task.env).json<MadeAnswer>(answer);
  const seen = asSeen(output, { state, evidence });
  const madeAt = state === 'present' ? { madeAt: new Date().toISOString() } : {};
  return { seen: { ...seen, ...madeAt }, ...(head === undefined ? {} : { made: head }) };
}

/** So that the server soon hears of a worker that dies. */
async function beating<T>(work: () => Promise<T>): Promise<T> {
  const everyMs = activityInfo().heartbeatTimeoutMs;
  const timer = everyMs === undefined ? undefined : setInterval(() => heartbeat(), everyMs / 3);
  try {
    return await work();
  } finally {
    clearInterval(timer);
  }
}

function makingOf(deps: Deps, input: FinishInput): Parameters<typeof make>[1] {
  const { task, bank, expected, again } = input;
  return {
    worker: outputWorker(deps),
    task,
    env: {},
    mark: '',
    logs: '',
    source: sourceOf(deps, input),
    ...(bank?.state === 'banked' ? { kept: { head: bank.head, ref: bank.ref } } : {}),
    ...(expected === undefined ? {} : { expected }),
    again: again === true || activityInfo().attempt > 1,
    secondLookMs: deps.config.timing.secondLookMs,
    // No signal: an effect that is under way when the task is cancelled comes to its end, so that it is known whether it came about.
  };
}

/** The run's own clone where it is here, else the bank. */
function sourceOf(deps: Deps, { task, n, bank }: FinishInput): PushSource {
  if (bank?.state === 'banked' && bank.at === 'origin') {
    return { gitDir: repoCache(deps.state, task.workspace?.repo ?? ''), from: bank.head, bankRef: bank.ref };
  }
  const dir = dirOfRun(deps.state, task.id, n);
  return { gitDir: `${dir.workspace}/.git`, from: 'HEAD', borrowIn: dir.root };
}

function asFailure({ redact }: Deps, error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const message = redact.text(error.message);
  if (error instanceof EffectRefused) return ApplicationFailure.create({ type: EFFECT_REFUSED, message, nonRetryable: true });
  if (error instanceof EffectDelayed) return ApplicationFailure.create({ type: error.name, message, nextRetryDelay: error.afterMs });
  return message === error.message ? error : ApplicationFailure.create({ type: error.name, message });
}
