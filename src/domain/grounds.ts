// What every decision has in common: the gates before a run, the looks that are repeated, the question, and the record of
// what was known and what would have changed it.

import { backoffMs } from './backoff.ts';
import { seedOf } from './decide-wait.ts';
import type { Decision, Facts, IncidentSeen } from './decision.ts';
import { sayDuration } from './duration.ts';
import { type Evidence, REASONS } from './failure.ts';
import { breach, breachOfCeiling, ceilingOfRuns, ledgersOf, sayLedgers, withNextRun } from './ledgers.ts';
import type { Completeness, OutputSeen } from './output.ts';
import { isPart } from './plan.ts';
import type { Choice } from './question.ts';
import { repetition } from './repetition.ts';
import { sessionOf } from './resume.ts';
import { capital, count, cut, quote, sayFailure, sayLeft, tellNextRun } from './story.ts';

/**
 * A look that came back `unknown` is repeated this often, 30 s apart and doubling: about half an hour, as long as an
 * effect is tried, before a person is asked.
 */
const MAX_LOOKS = 7;
const FIRST_LOOK_AGAIN_MS = 30_000;
const LONGEST = { because: 1000, text: 2000, evidence: 200, otherwise: 400 } as const;
const MOST_EVIDENCE = 20;

/** What a person can do where the reason of the failure is not what stands in the way. */
export const ADVICE = {
  vouch: 'Look at what is there, then answer; a `retry` tells the next run to verify it first.',
  unseen: 'Put right what keeps the look from an answer, then answer `look`.',
  unbanked: 'Put right what keeps it from being banked, then answer `look`; a `retry` starts without it.',
  alive: 'Bring the host back and answer `look`, or make sure that nothing of the run lives and answer `retry`.',
  ledger: 'Answer `retry` for one more run, or `retry` with a higher limit for several; `close` ends the task.',
} as const;

export interface Question {
  readonly why: string;
  /** Left out: what the table advises for the reason. */
  readonly advice?: string;
  readonly otherwise: string;
  /** Beside those that are always there. */
  readonly choices?: readonly Choice[];
}

/** The gates in front of every run: something unseen, something not kept, a ledger used up, the same thing again. */
export function gated(facts: Facts, work: Completeness, go: () => Decision): Decision {
  const { seen, runs, task, failure, granted } = facts;
  // Something else may be missing for certain: what nobody could see may be there all the same, and would be made twice.
  const unseen = seen.outputs
    .filter((output) => output.state === 'unknown' && mayBeByRun(output))
    .map((output) => `${output.kind}: ${output.evidence}`);
  if (unseen.length > 0) return lookAgain(facts, work, unseen);
  if (seen.bank?.state === 'failed') return bankAgain(facts, work, seen.bank.evidence);
  const ledgers = ledgersOf(runs, task.limits);
  const used = breach(ledgers, task.limits, failure.reason, granted);
  const again = repetition(facts);
  // What many share is neither this task's fault nor a reason to wake its owner (DESIGN §2); a ceiling of the whole task is.
  const { incident } = facts;
  if (incident && (used || again) && !breachOfCeiling(ledgers, task.limits, failure.reason, granted))
    return holdOnIncident(facts, work, incident);
  if (used)
    return ask(facts, work, {
      why: used,
      advice: ADVICE.ledger,
      otherwise: 'with anything left in that ledger it would have been tried again',
    });
  return again
    ? ask(facts, work, { why: again, otherwise: 'the first time, or with new work between, it would have been tried again' })
    : go();
}

/** Waits for the end of an incident: no run is burnt, and no person asked beside the one who was told of it. `atLeastMs`: what the provider asked for may be longer than the first wait. */
export function holdOnIncident(facts: Facts, work: Completeness, { scope, why }: IncidentSeen, atLeastMs = 0): Decision {
  const { failure, n, seen, holdMs } = facts;
  const resume = sessionOf(facts);
  return answer(facts, {
    kind: 'hold',
    incident: scope,
    afterMs: Math.max(atLeastMs, backoffMs(holdMs, 1, seedOf(facts))),
    because: `${sayFailure(n, failure)}, and ${scope} is ill (${why}): no run is burnt on it, the task waits for the end of that incident, of which one person is told once; ${sayLeft(n, seen)}`,
    ...(resume ? { resume } : {}),
    notes: tellNextRun(facts, work),
    otherwise: 'without that incident it would have been decided by its own failure and ledgers',
  });
}

/** What Outlive itself makes after the work is no reason to wait, but for the branch: it may hold the work. */
const mayBeByRun = ({ by, kind }: OutputSeen): boolean => by === 'agent' || kind === 'push';

export function lookAgain(facts: Facts, work: Completeness, unseen: readonly string[]): Decision {
  const { look, n, failure } = facts;
  const what = unseen.map((one) => quote(one)).join('; ');
  const otherwise = 'as soon as it can be seen, it is decided by what is there';
  if (look >= MAX_LOOKS)
    return ask(facts, work, {
      why: `after ${count(look, 'look')} it is still not known what is there (${what})`,
      advice: ADVICE.unseen,
      otherwise,
    });
  const afterMs = backoffMs(FIRST_LOOK_AGAIN_MS, look, seedOf(facts));
  return answer(facts, {
    kind: 'hold',
    afterMs,
    because: `looked at again in ${sayDuration(afterMs)}, because nobody can say yet what is there (${what}), and a failed look is no proof of absence; ${sayFailure(n, failure)}`,
    otherwise,
  });
}

/** What is not banked would be lost to the next run, which may start on another host. */
export function bankAgain(facts: Facts, work: Completeness, evidence: string): Decision {
  const { look, n, failure } = facts;
  const otherwise = 'as soon as it is banked, the task goes on';
  if (look >= MAX_LOOKS)
    return ask(facts, work, {
      why: `after ${count(look, 'look')} what it left could still not be banked`,
      advice: ADVICE.unbanked,
      otherwise,
    });
  const afterMs = backoffMs(FIRST_LOOK_AGAIN_MS, look, seedOf(facts));
  return answer(facts, {
    kind: 'hold',
    afterMs,
    because: `banked again in ${sayDuration(afterMs)}, because what run ${n} left could not be kept (${quote(evidence)}), and the next run would start without it; ${sayFailure(n, failure)}`,
    otherwise,
  });
}

export function ask(facts: Facts, work: Completeness, { why, advice, otherwise, choices = [] }: Question): Decision {
  const { failure, n, seen, task } = facts;
  const step = task.step ? [`it was to do step ${task.step.k} of ${task.step.of} of the plan`] : [];
  const sentences = [`${sayFailure(n, failure)}: ${REASONS[failure.reason].when}`, ...step, why, sayLeft(n, seen)];
  const text = `${sentences.map((sentence) => `${capital(sentence)}.`).join(' ')} ${advice ?? REASONS[failure.reason].advice}`;
  return answer(facts, {
    kind: 'ask',
    because: `${sayFailure(n, failure)}; ${why}, so a person is asked`,
    ask: {
      text: cut(text, LONGEST.text),
      evidence: evidenceOf(facts, MOST_EVIDENCE),
      choices: ['retry', ...asTheyAre(facts, work), ...choices, 'look', 'wait', 'close'],
      ...(failure.class === 'context' ? { needsChange: true } : {}),
    },
    notes: tellNextRun(facts, work),
    otherwise,
  });
}

/** Of what is there a person may say that it is the work, or that it is enough. */
function asTheyAre({ task, seen }: Facts, work: Completeness): Choice[] {
  const mayBeWhole = work.kind === 'unproven' || (work.kind === 'incomplete' && work.missing.length === 0);
  if (mayBeWhole && !isPart(task)) return ['finish'];
  const isSomethingThere =
    seen.bank?.state === 'banked' || seen.outputs.some(({ by, state }) => by === 'agent' && (state === 'present' || state === 'partial'));
  return isSomethingThere || isPart(task) ? ['adopt'] : [];
}

function evidenceOf({ failure, seen, credential }: Facts, most: number): Evidence[] {
  const all = [
    ...failure.evidence,
    ...(credential ? [{ where: 'credential', value: `${credential.state}: ${credential.evidence}` }] : []),
    ...seen.outputs.map(({ kind, state, evidence }) => ({ where: `output ${kind}`, value: `${state}: ${evidence}` })),
    ...seen.checks.map(({ check, state, words }) => ({ where: `check ${check}`, value: words ? `${state}: ${words}` : state })),
  ];
  return all.slice(0, most).map(({ where, value }) => ({ where, value: cut(value, LONGEST.evidence) }));
}

/** A question has its evidence already. */
const KEPT_EVIDENCE = 8;

export function answer(
  facts: Facts,
  decision: Omit<Decision, 'v' | 'ledgers' | 'ledgersAfter' | 'used' | 'evidence'> & { readonly otherwise: string },
): Decision {
  const { runs, task, granted, failure } = facts;
  const ledgers = ledgersOf(runs, task.limits);
  const startsRun = decision.kind === 'retry' || decision.kind === 'enrich' || decision.kind === 'split';
  const ledgersAfter = startsRun ? withNextRun(ledgers) : undefined;
  return {
    v: 1,
    ...decision,
    because: cut(decision.because, LONGEST.because),
    otherwise: cut(decision.otherwise, LONGEST.otherwise),
    ...(decision.kind === 'ask' ? {} : { evidence: evidenceOf(facts, KEPT_EVIDENCE) }),
    ledgers,
    ...(ledgersAfter ? { ledgersAfter } : {}),
    used: sayLedgers(ledgers, ledgersAfter, task.limits, granted, failure.reason),
  };
}

/** Runs that never started do not count, and steps that are done lift the ceiling, so the number of the last run moves with them. */
export function sayNextRun({ runs, task, granted, n }: Facts): string {
  const ledgers = ledgersOf(runs, task.limits);
  return `run ${n + 1} of at most ${ceilingOfRuns(ledgers, task.limits, granted) + ledgers.free}`;
}
