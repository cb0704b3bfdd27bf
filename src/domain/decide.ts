// What to do after a run has ended. Facts in, one decision out: pure, no clock, no ids. It runs inside `settle`, so
// its answer is in the task's history before anything acts on it (DESIGN §3.4), and the policy may change while
// tasks live for weeks. It refuses to guess: what is not known is looked at again, then asked, never retried.

import { backoffMs, statedWaitMs } from './backoff.ts';
import { sayDuration } from './duration.ts';
import { type Evidence, type Failure, failureType, REASONS } from './failure.ts';
import { breach, type Ledgers, ledgersOf } from './ledgers.ts';
import { never } from './never.ts';
import { type Completeness, completeness, type Seen } from './output.ts';
import type { Choice } from './question.ts';
import { REACTIONS, type Wait } from './reactions.ts';
import { repetition } from './repetition.ts';
import type { RunRecord } from './run.ts';
import { sayCompleteness, sayFailure, sayLeft } from './story.ts';
import type { Task } from './task.ts';

/** Old workflows may meet kinds that a newer policy invents; they take an unknown kind for `ask`. */
export type DecisionKind = 'finish' | 'retry' | 'hold' | 'check' | 'enrich' | 'split' | 'ask' | 'stop';

/** JSON-clean; recorded by `settle`, obeyed by the workflow. */
export interface Decision {
  readonly v: 1;
  readonly kind: DecisionKind;
  /** One sentence for people: what was seen, and why this follows. */
  readonly because: string;
  readonly ledgers: Ledgers;
  /** How long to wait first, in milliseconds; `hold` looks at everything again after it. */
  readonly afterMs?: number;
  /** Hosts that should leave the next run to another. */
  readonly avoid?: readonly string[];
  /** What the next run is told beside its prompt. */
  readonly notes?: readonly string[];
  /** What a person is asked; there where `kind` is `ask`. */
  readonly ask?: Ask;
}

export interface Ask {
  readonly text: string;
  readonly evidence: readonly Evidence[];
  readonly choices: readonly Choice[];
  /** A `retry` must bring a note or a setting: the same inputs would end the same way. */
  readonly needsChange?: boolean;
}

/** Everything a decision rests on. Only `settle` makes them, after its look: a retry without a look cannot be asked for. */
export interface Facts {
  readonly v: 1;
  /** ISO time. */
  readonly now: string;
  readonly task: Task;
  readonly n: number;
  /** How often this same end has been looked at, 1 the first time. */
  readonly look: number;
  readonly failure: Failure;
  readonly seen: Seen;
  /** All runs so far, this one last. */
  readonly runs: readonly RunRecord[];
  readonly granted: number;
  /** The run is known to be over: nothing of it lives on. */
  readonly over: boolean;
  /** How long a host that does not answer may still be working, in milliseconds. */
  readonly leaseMs: number;
  /** First backoff, in milliseconds. */
  readonly backoffMs: number;
  /** Hosts that take this pool's runs, where the server could say. */
  readonly hosts?: readonly string[];
}

/** A look that came back `unknown` is repeated this often, 30 s apart and doubling, before a person is asked. */
export const MAX_LOOKS = 5;
const FIRST_LOOK_AGAIN_MS = 30_000;

export function decide(facts: Facts): Decision {
  const { failure } = facts;
  if (failure.reason === 'cancelled') return answer(facts, { kind: 'stop', because: 'the task was stopped on purpose' });
  const work = completeness(facts.task, facts.seen);
  if (work.kind === 'complete') {
    return answer(facts, { kind: 'finish', because: `${sayFailure(facts.n, failure)}, but its work is there: ${sayCompleteness(work)}` });
  }
  if (!facts.over) return waitForTheEnd(facts);
  return react(facts, work);
}

function react(facts: Facts, work: Completeness): Decision {
  const { failure } = facts;
  const reaction = REACTIONS[failure.reason];
  switch (reaction.kind) {
    case 'retry':
      return retry(facts, work, reaction);
    case 'retry_after_reset':
      return retryAfterReset(facts, work);
    case 'feedback':
      return feedback(facts, work);
    case 'finish':
      return work.kind === 'unknown'
        ? lookAgain(facts, work)
        : ask(facts, work, 'the run reported its work as landed, and the look does not agree');
    case 'stop':
      return answer(facts, { kind: 'stop', because: 'the task was stopped on purpose' });
    case 'ask':
      return ask(facts, work, reaction.why);
    default:
      return never(reaction);
  }
}

/** Run n+1 never starts before run n is known to be over. */
function waitForTheEnd(facts: Facts): Decision {
  const host = hostOfRun(facts) ?? 'its host';
  if (facts.look === 1) {
    return answer(facts, {
      kind: 'hold',
      afterMs: facts.leaseMs,
      because: `${host} does not answer, and its agent may still be at work; it is looked at again after ${sayDuration(facts.leaseMs)}`,
    });
  }
  return ask(facts, completeness(facts.task, facts.seen), `${host} still does not answer, so nobody knows whether its agent is over`);
}

/** The three gates in front of every retry: something unseen, a ledger used up, the same thing again. */
function gated(facts: Facts, work: Completeness, go: () => Decision): Decision {
  if (work.kind === 'unknown') return lookAgain(facts, work);
  if (facts.seen.bank?.state === 'failed') {
    return lookAgain(facts, { kind: 'unknown', unknown: [`what the run left could not be banked: ${facts.seen.bank.evidence}`] });
  }
  const used = breach(ledgersOf(facts.runs, facts.task.limits), facts.task.limits, facts.failure.reason, facts.granted);
  if (used) return ask(facts, work, used);
  const again = repetition(facts);
  return again ? ask(facts, work, again) : go();
}

function retry(
  facts: Facts,
  work: Completeness,
  reaction: { readonly wait: Wait; readonly elsewhere: 'any' | 'preferred' | 'required' },
): Decision {
  return gated(facts, work, () => {
    const others = otherHosts(facts);
    if (reaction.elsewhere === 'required' && others?.length === 0) {
      return ask(facts, work, `no other host takes runs of the pool ${facts.task.pool}`);
    }
    const afterMs = waitMs(facts, reaction.wait);
    const host = hostOfRun(facts);
    const avoid = reaction.elsewhere !== 'any' && host !== undefined && others?.length !== 0 ? [host] : [];
    return answer(facts, {
      kind: 'retry',
      because: [
        `${sayFailure(facts.n, facts.failure)}: ${REASONS[facts.failure.reason].when}`,
        sayLeft(facts.n, facts.seen),
        `run ${facts.n + 1} of at most ${facts.task.limits.runs + facts.granted} ${avoid.length > 0 ? 'goes to another host' : 'follows'}${sayWait(afterMs, facts.failure)}`,
      ].join('; '),
      ...(afterMs > 0 ? { afterMs } : {}),
      ...(avoid.length > 0 ? { avoid } : {}),
      notes: continueNotes(facts, work),
    });
  });
}

function retryAfterReset(facts: Facts, work: Completeness): Decision {
  const { resetsAt } = facts.failure;
  if (resetsAt === undefined) {
    return ask(facts, work, 'no reset time was stated, and this version has no check that could tell when the quota is back');
  }
  const leftMs = Date.parse(resetsAt) - Date.parse(facts.now);
  if (leftMs <= 0) return retry(facts, work, { wait: 'none', elsewhere: 'any' });
  return gated(facts, work, () =>
    answer(facts, {
      kind: 'hold',
      afterMs: leftMs + statedWaitMs(60_000, seedOf(facts)) - 60_000,
      because: `${sayFailure(facts.n, facts.failure)}; the quota resets at ${resetsAt}, until then no run could succeed`,
    }),
  );
}

/** One more run with the check's own words, then a person. */
function feedback(facts: Facts, work: Completeness): Decision {
  const rejected = facts.runs.filter((run) => run.failure?.reason === 'output_rejected').length;
  if (rejected >= 2 + facts.granted) return ask(facts, work, `${rejected} runs came back without an output that passes`);
  return gated(facts, work, () =>
    answer(facts, {
      kind: 'retry',
      because: `${sayFailure(facts.n, facts.failure)}: ${sayCompleteness(work)}; one more run is told so`,
      notes: [
        ...continueNotes(facts, work),
        ...(work.kind === 'incomplete' ? work.red.map((check) => `The check ${check.check} is red:\n${check.words ?? ''}`) : []),
      ],
    }),
  );
}

function lookAgain(facts: Facts, work: Extract<Completeness, { kind: 'unknown' }>): Decision {
  if (facts.look >= MAX_LOOKS) return ask(facts, work, `after ${facts.look} looks it is still not known what is there`);
  const afterMs = backoffMs(FIRST_LOOK_AGAIN_MS, facts.look, seedOf(facts));
  return answer(facts, {
    kind: 'hold',
    afterMs,
    because: `nobody can say yet what is there (${work.unknown.join('; ')}); a failed look is no proof of absence, so it is looked at again in ${sayDuration(afterMs)}`,
  });
}

function ask(facts: Facts, work: Completeness, why: string): Decision {
  const { failure, task, n } = facts;
  const isContext = failure.class === 'context';
  const mayFinish = work.kind === 'unproven' || (work.kind === 'incomplete' && work.missing.length === 0);
  const choices: Choice[] = ['retry', ...(mayFinish ? (['finish'] as const) : []), 'look', 'wait', 'close'];
  return answer(facts, {
    kind: 'ask',
    because: `${sayFailure(n, failure)}; ${why}, so a person is asked`,
    ask: {
      text: `${sayFailure(n, failure)}: ${REASONS[failure.reason].when}. ${capital(why)}. ${capital(sayLeft(facts.n, facts.seen))}. ${REASONS[failure.reason].advice}`,
      evidence: [
        ...failure.evidence,
        ...facts.seen.outputs.map((output) => ({ where: `output ${output.kind}`, value: `${output.state}: ${output.evidence}` })),
      ],
      choices,
      ...(isContext ? { needsChange: true } : {}),
    },
    notes: continueNotes({ ...facts, task }, work),
  });
}

function answer(facts: Facts, decision: Omit<Decision, 'v' | 'ledgers'>): Decision {
  return { v: 1, ...decision, ledgers: ledgersOf(facts.runs, facts.task.limits) };
}

/** What the next run must know: what is there already, to be verified first. */
function continueNotes(facts: Facts, work: Completeness): string[] {
  const left = facts.seen.repository && (facts.seen.repository.commits > 0 || facts.seen.repository.dirty > 0);
  return [
    `Run ${facts.n} of this task ended before the task was done (${failureType(facts.failure.reason)}). ${capital(sayLeft(facts.n, facts.seen))}.`,
    ...(left ? ['Its work is in your workspace. Verify it first, then do only the rest; do nothing twice.'] : []),
  ];
}

/** What is left of the wait, counted from the run's end: the same decision made anew after a hold does not wait twice. */
function waitMs(facts: Facts, wait: Wait): number {
  if (wait === 'none') return 0;
  const { failure } = facts;
  const endedAt = Date.parse(facts.runs.at(-1)?.endedAt ?? facts.now);
  const resetMs = failure.resetsAt === undefined ? undefined : Date.parse(failure.resetsAt) - endedAt;
  const stated = failure.retryAfterMs ?? resetMs;
  const times = facts.runs.filter((run) => run.failure?.reason === failure.reason).length;
  const whole = stated === undefined ? backoffMs(facts.backoffMs, times, seedOf(facts)) : statedWaitMs(stated, seedOf(facts));
  return Math.max(0, whole - (Date.parse(facts.now) - endedAt));
}

function sayWait(afterMs: number, failure: Failure): string {
  if (afterMs === 0) return '';
  const whose = failure.retryAfterMs !== undefined || failure.resetsAt !== undefined ? 'as the provider asked' : 'as backoff';
  return ` after ${sayDuration(afterMs)}, ${whose}`;
}

function otherHosts(facts: Facts): readonly string[] | undefined {
  const mine = hostOfRun(facts);
  return facts.hosts?.filter((host) => host !== mine);
}

const hostOfRun = (facts: Facts): string | undefined => facts.runs.at(-1)?.host;
const seedOf = (facts: Facts): string => `${facts.task.id}/${facts.n}`;
const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);
