// What to do after a run has ended. Facts in, one decision out: pure, no clock, no ids. It runs inside `settle`, so
// its answer is in the task's history before anything acts on it (DESIGN §3.4), and the policy may change while
// tasks live for weeks. It refuses to guess: what is not known is looked at again, then asked, never retried.

import { backoffMs, statedEndMs, statedWaitMs } from './backoff.ts';
import { endedAtMs, isTooFar, sayTime, sayTooFar, seedOf, statedWait, waitMs } from './decide-wait.ts';
import type { Decision, Facts } from './decision.ts';
import { sayDuration } from './duration.ts';
import { type Evidence, REASONS } from './failure.ts';
import { handOff } from './hand-off.ts';
import { breach, ledgersOf } from './ledgers.ts';
import { never } from './never.ts';
import { type Completeness, completeness } from './output.ts';
import type { Choice } from './question.ts';
import { REACTIONS, type Reaction } from './reactions.ts';
import { otherHosts, repetition, suspects } from './repetition.ts';
import { lostItsSession, sessionOf } from './resume.ts';
import { capital, count, cut, quote, sayCompleteness, sayEnd, sayFailure, sayLeft, tellNextRun } from './story.ts';

/**
 * A look that came back `unknown` is repeated this often, 30 s apart and doubling: about half an hour, as long as an
 * effect is tried, before a person is asked.
 */
const MAX_LOOKS = 7;
const FIRST_LOOK_AGAIN_MS = 30_000;
const LONGEST = { because: 1000, text: 2000, evidence: 200 } as const;
const MOST_EVIDENCE = 20;

/** What a person can do where the reason of the failure is not what stands in the way. */
const ADVICE = {
  vouch: 'Look at what is there, then answer; a `retry` tells the next run to verify it first.',
  unseen: 'Put right what keeps the look from an answer, then answer `look`.',
  unbanked: 'Put right what keeps it from being banked, then answer `look`; a `retry` starts without it.',
  alive: 'Bring the host back and answer `look`, or make sure that nothing of the run lives and answer `retry`.',
  ledger: 'Answer `retry` for one more run, or `retry` with a higher limit for several; `close` ends the task.',
} as const;

/** The rule of the classifier for a host's limit of output. */
const OUTPUT_FLOOD = 'ended_by_output_limit';

type RetryReaction = Extract<Reaction, { kind: 'retry' }>;

export function decide(facts: Facts): Decision {
  const { failure, n } = facts;
  if (failure.reason === 'cancelled') return answer(facts, { kind: 'stop', because: 'the task was stopped on purpose' });
  const work = completeness(facts.task, facts.seen);
  if (work.kind === 'complete') {
    return answer(facts, { kind: 'finish', because: `${sayFailure(n, failure)}, but its work is there: ${sayCompleteness(work)}` });
  }
  if (!facts.over) return waitForTheEnd(facts, work);
  // Work of which nothing is known to be missing may be whole: a person is asked when looking does not help.
  if (work.kind === 'unknown') return lookAgain(facts, work, work.unknown);
  return react(facts, work);
}

function react(facts: Facts, work: Completeness): Decision {
  const reaction = REACTIONS[facts.failure.reason];
  switch (reaction.kind) {
    case 'retry':
      return retry(facts, work, reaction);
    case 'retry_after_reset':
      return retryAfterReset(facts, work);
    case 'enrich':
      return enrich(facts, work);
    case 'feedback':
      return feedback(facts, work);
    case 'finish':
      return ask(facts, work, `the work was taken for done, and the look does not confirm it (${sayCompleteness(work)})`, ADVICE.vouch);
    case 'stop':
      return answer(facts, { kind: 'stop', because: 'the task was stopped on purpose' });
    case 'ask':
      return lostItsSession(facts)
        ? retry(facts, work, AFRESH, 'what it was to go on with may be what was refused, so it begins afresh')
        : ask(facts, work, reaction.why);
    default:
      return never(reaction);
  }
}

const AFRESH: RetryReaction = { kind: 'retry', wait: 'none', elsewhere: 'any' };

/** Run n+1 never starts before run n is known to be over. */
function waitForTheEnd(facts: Facts, work: Completeness): Decision {
  const { n, look, leaseMs } = facts;
  const host = hostOfRun(facts) ?? 'an unknown host';
  if (look === 1) {
    return answer(facts, {
      kind: 'hold',
      afterMs: leaseMs,
      because: `run ${n} may still be at work on ${host}, which does not answer; everything is looked at again after ${sayDuration(leaseMs)}`,
    });
  }
  const why = `nobody knows whether it is over, because ${host} still does not answer, and another run might work beside it`;
  return ask(facts, work, why, ADVICE.alive);
}

/** The gates in front of every run: something unseen, something not kept, a ledger used up, the same thing again. */
function gated(facts: Facts, work: Completeness, go: () => Decision): Decision {
  const { seen, runs, task, failure, granted } = facts;
  // Something else may be missing for certain: what nobody could see may be there all the same, and would be made twice.
  const unseen = seen.outputs.filter((output) => output.state === 'unknown').map((output) => `${output.kind}: ${output.evidence}`);
  if (unseen.length > 0) return lookAgain(facts, work, unseen);
  if (seen.bank?.state === 'failed') return bankAgain(facts, work, seen.bank.evidence);
  const used = breach(ledgersOf(runs, task.limits), task.limits, failure.reason, granted);
  if (used) return ask(facts, work, used, ADVICE.ledger);
  const again = repetition(facts);
  return again ? ask(facts, work, again) : go();
}

function retry(facts: Facts, work: Completeness, { wait, elsewhere }: RetryReaction, ...grounds: readonly string[]): Decision {
  const { failure, task, n } = facts;
  return gated(facts, work, () => {
    if (elsewhere === 'required' && otherHosts(facts)?.length === 0)
      return ask(facts, work, `no other host takes runs of the pool ${task.pool}`);
    const until = wait === 'stated' ? statedWait(facts) : undefined;
    if (until !== undefined && isTooFar(facts, until)) return ask(facts, work, sayTooFar(until));
    const afterMs = wait === 'none' ? 0 : waitMs(facts, until);
    const avoid = elsewhere === 'any' ? [] : suspects(facts);
    const resume = avoid.length > 0 ? undefined : sessionOf(facts);
    const where =
      avoid.length > 0 ? 'goes to another host' : resume ? `follows, in the same session if it comes to ${resume.host}` : 'follows';
    const when = afterMs > 0 ? ` after ${sayDuration(afterMs)}${until === undefined ? ' of backoff' : ', as the provider asked'}` : '';
    return answer(facts, {
      kind: 'retry',
      because: [
        `${sayFailure(n, failure)}, so ${sayNextRun(facts)} ${where}${when}`,
        ...grounds,
        ...(work.kind === 'unproven' ? [sayCompleteness(work)] : []),
        sayLeft(n, facts.seen),
        `${failure.reason} means: ${REASONS[failure.reason].when}`,
      ].join('; '),
      ...(afterMs > 0 ? { afterMs } : {}),
      ...(avoid.length > 0 ? { avoid, ...(elsewhere === 'required' ? { strict: true } : {}) } : {}),
      ...(resume ? { resume } : {}),
      notes: tellNextRun(facts, work),
    });
  });
}

function retryAfterReset(facts: Facts, work: Completeness): Decision {
  const { failure, n } = facts;
  const until = statedEndMs(failure, endedAtMs(facts));
  if (until === undefined) {
    return ask(facts, work, 'no reset time was stated, and this version has no check that could tell when the quota is back');
  }
  if (isTooFar(facts, until)) return ask(facts, work, sayTooFar(until));
  const leftMs = until - Date.parse(facts.now);
  if (leftMs <= 0) {
    return retry(facts, work, { kind: 'retry', wait: 'none', elsewhere: 'any' }, `the quota was to be reset at ${sayTime(until)}`);
  }
  return gated(facts, work, () =>
    answer(facts, {
      kind: 'hold',
      afterMs: statedWaitMs(leftMs, seedOf(facts)),
      because: `the quota resets at ${sayTime(until)}, and no run could succeed before; ${sayFailure(n, failure)}; ${sayLeft(n, facts.seen)}`,
    }),
  );
}

/** A conversation that is full is not gone on with: another one begins with what it left, where it left something. */
function enrich(facts: Facts, work: Completeness): Decision {
  const { failure, n, seen } = facts;
  const why = whyNotEnriched(facts);
  if (why !== undefined) return ask(facts, work, `a run on the same inputs would end the same way, and ${why}`);
  return gated(facts, work, () =>
    answer(facts, {
      kind: 'enrich',
      because: [
        `${sayFailure(n, failure)}, so ${sayNextRun(facts)} begins a new conversation with what is there`,
        sayLeft(n, seen),
        `${failure.reason} means: ${REASONS[failure.reason].when}`,
      ].join('; '),
      notes: handOff(facts, work),
    }),
  );
}

function whyNotEnriched({ failure, runs }: Facts): string | undefined {
  if (runs.some((run) => run.enriched)) return 'a run that began with what was there has come to the same end';
  // It is no conversation that was full.
  if (failure.rule === OUTPUT_FLOOD) return 'its output would be as much';
  return failure.progress ? undefined : 'it left nothing that another run could begin with';
}

/** One more run with the check's own words, then a person. */
function feedback(facts: Facts, work: Completeness): Decision {
  const { failure, runs, granted, n } = facts;
  const rejected = runs.filter((run) => run.failure?.reason === 'output_rejected').length;
  if (rejected >= 2 + granted) return ask(facts, work, `${count(rejected, 'run')} came back without an output that passes`);
  return gated(facts, work, () =>
    answer(facts, {
      kind: 'retry',
      because: `${sayEnd(n, failure)}, so ${sayNextRun(facts)} is told what is wrong: ${sayCompleteness(work)}; ${sayLeft(n, facts.seen)}`,
      notes: tellNextRun(facts, work),
    }),
  );
}

function lookAgain(facts: Facts, work: Completeness, unseen: readonly string[]): Decision {
  const { look, n, failure } = facts;
  const what = unseen.map((one) => quote(one)).join('; ');
  if (look >= MAX_LOOKS)
    return ask(facts, work, `after ${count(look, 'look')} it is still not known what is there (${what})`, ADVICE.unseen);
  const afterMs = backoffMs(FIRST_LOOK_AGAIN_MS, look, seedOf(facts));
  return answer(facts, {
    kind: 'hold',
    afterMs,
    because: `looked at again in ${sayDuration(afterMs)}, because nobody can say yet what is there (${what}), and a failed look is no proof of absence; ${sayFailure(n, failure)}`,
  });
}

/** What is not banked would be lost to the next run, which may start on another host. */
function bankAgain(facts: Facts, work: Completeness, evidence: string): Decision {
  const { look, n, failure } = facts;
  if (look >= MAX_LOOKS) return ask(facts, work, `after ${count(look, 'look')} what it left could still not be banked`, ADVICE.unbanked);
  const afterMs = backoffMs(FIRST_LOOK_AGAIN_MS, look, seedOf(facts));
  return answer(facts, {
    kind: 'hold',
    afterMs,
    because: `banked again in ${sayDuration(afterMs)}, because what run ${n} left could not be kept (${quote(evidence)}), and the next run would start without it; ${sayFailure(n, failure)}`,
  });
}

function ask(facts: Facts, work: Completeness, why: string, advice: string = REASONS[facts.failure.reason].advice): Decision {
  const { failure, n, seen } = facts;
  const mayFinish = work.kind === 'unproven' || (work.kind === 'incomplete' && work.missing.length === 0);
  const choices: Choice[] = ['retry', ...(mayFinish ? (['finish'] as const) : []), 'look', 'wait', 'close'];
  const sentences = [`${sayFailure(n, failure)}: ${REASONS[failure.reason].when}`, why, sayLeft(n, seen)];
  return answer(facts, {
    kind: 'ask',
    because: `${sayFailure(n, failure)}; ${why}, so a person is asked`,
    ask: {
      text: cut(`${sentences.map((sentence) => `${capital(sentence)}.`).join(' ')} ${advice}`, LONGEST.text),
      evidence: evidenceOf(facts),
      choices,
      ...(failure.class === 'context' ? { needsChange: true } : {}),
    },
    notes: tellNextRun(facts, work),
  });
}

function evidenceOf({ failure, seen }: Facts): Evidence[] {
  const all = [
    ...failure.evidence,
    ...seen.outputs.map(({ kind, state, evidence }) => ({ where: `output ${kind}`, value: `${state}: ${evidence}` })),
    ...seen.checks.map(({ check, state, words }) => ({ where: `check ${check}`, value: words ? `${state}: ${words}` : state })),
  ];
  return all.slice(0, MOST_EVIDENCE).map(({ where, value }) => ({ where, value: cut(value, LONGEST.evidence) }));
}

function answer(facts: Facts, decision: Omit<Decision, 'v' | 'ledgers'>): Decision {
  const because = cut(decision.because, LONGEST.because);
  return { v: 1, ...decision, because, ledgers: ledgersOf(facts.runs, facts.task.limits) };
}

/** Runs that never started do not count, so the number of the last run moves with them. */
function sayNextRun({ runs, task, granted, n }: Facts): string {
  const { free } = ledgersOf(runs, task.limits);
  return `run ${n + 1} of at most ${task.limits.runs + granted + free}`;
}

const hostOfRun = (facts: Facts): string | undefined => facts.runs.at(-1)?.host;
