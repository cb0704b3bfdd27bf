// What to do after a run has ended. Facts in, one decision out: pure, no clock, no ids. It runs inside `settle`, so
// its answer is in the task's history before anything acts on it (DESIGN §3.4), and the policy may change while
// tasks live for weeks. It refuses to guess: what is not known is looked at again, then asked, never retried.

import { statedEndMs, statedWaitMs } from './backoff.ts';
import type { CredentialChecked } from './credential.ts';
import { afterFullContext, onSameWork } from './decide-context.ts';
import { endedAtMs, isTooFar, sayTime, sayTooFar, seedOf, statedWait, waitMs } from './decide-wait.ts';
import type { Decision, Facts, LateAnswer } from './decision.ts';
import { sayDuration } from './duration.ts';
import { REASONS } from './failure.ts';
import { ADVICE, answer, ask, bankAgain, gated, holdOnIncident, lookAgain, sayNextRun } from './grounds.ts';
import { never } from './never.ts';
import { type Completeness, completeness } from './output.ts';
import { isPart } from './plan.ts';
import { REACTIONS, type Reaction } from './reactions.ts';
import { otherHosts, suspects } from './repetition.ts';
import { lostItsSession, sessionOf } from './resume.ts';
import { count, sayCompleteness, sayEnd, sayFailure, sayLeft, tellNextRun } from './story.ts';

type RetryReaction = Extract<Reaction, { kind: 'retry' }>;

const ON_PURPOSE = {
  kind: 'stop',
  because: 'the task was stopped on purpose',
  otherwise: 'nothing would: whoever stopped it wanted it to end',
} as const;

export function decide(facts: Facts): Decision {
  const { failure, n, task, seen } = facts;
  if (failure.reason === 'cancelled') return answer(facts, ON_PURPOSE);
  const work = completeness(task, seen);
  if (work.kind === 'complete') {
    // The next step begins with what this one left.
    if (isPart(task) && seen.bank?.state === 'failed') return bankAgain(facts, work, seen.bank.evidence);
    return answer(facts, {
      kind: 'finish',
      because: `${sayFailure(n, failure)}, but its work is there: ${sayCompleteness(work)}`,
      otherwise: 'without that proof, or with an output missing, the reaction to its failure would have followed',
    });
  }
  if (!facts.over) return waitForTheEnd(facts, work);
  if (facts.answered) return asAnswered(facts, work, facts.answered);
  // Work of which nothing is known to be missing may be whole: a person is asked when looking does not help.
  if (work.kind === 'unknown') return lookAgain(facts, work, work.unknown);
  return react(facts, work);
}

/** A person has seen what the gates would ask about, and wants it. */
const asAnswered = (facts: Facts, work: Completeness, { kind, because }: LateAnswer): Decision =>
  answer(facts, {
    kind,
    because: `${because}; the work had not come about by another hand meanwhile, so ${sayNextRun(facts)} follows; ${sayLeft(facts.n, facts.seen)}`,
    notes: tellNextRun(facts, work),
    otherwise: 'the whole work, had it been there by now: then it would have been finished without a run',
  });

function react(facts: Facts, work: Completeness): Decision {
  const reaction = REACTIONS[facts.failure.reason];
  switch (reaction.kind) {
    case 'retry':
      return retry(facts, work, reaction);
    case 'retry_after_reset':
      return retryAfterReset(facts, work);
    case 'check_credential':
      return checkCredential(facts, work);
    case 'enrich':
      return afterFullContext(facts, work);
    case 'feedback':
      return feedback(facts, work);
    case 'finish':
      return ask(facts, work, {
        why: `the work was taken for done, and the look does not confirm it (${sayCompleteness(work)})`,
        advice: ADVICE.vouch,
        otherwise: 'with every output seen, it would have been finished without a run',
      });
    case 'stop':
      return answer(facts, ON_PURPOSE);
    case 'ask':
      return lostItsSession(facts)
        ? retry(facts, work, AFRESH, 'what it was to go on with may be what was refused, so it begins afresh')
        : ask(facts, work, { why: reaction.why, otherwise: 'only its whole work would have: then it would have been finished' });
    default:
      return never(reaction);
  }
}

const AFRESH: RetryReaction = { kind: 'retry', wait: 'none', elsewhere: 'any' };

/** Run n+1 never starts before run n is known to be over. */
function waitForTheEnd(facts: Facts, work: Completeness): Decision {
  const { n, look, leaseMs } = facts;
  const host = hostOfRun(facts) ?? 'an unknown host';
  const otherwise = `an answer of ${host} would: then it is decided by what is there`;
  if (look === 1) {
    return answer(facts, {
      kind: 'hold',
      afterMs: leaseMs,
      because: `run ${n} may still be at work on ${host}, which does not answer; everything is looked at again after ${sayDuration(leaseMs)}`,
      otherwise,
    });
  }
  const why = `nobody knows whether it is over, because ${host} still does not answer, and another run might work beside it`;
  return ask(facts, work, { why, advice: ADVICE.alive, otherwise });
}

function retry(facts: Facts, work: Completeness, { wait, elsewhere }: RetryReaction, ...grounds: readonly string[]): Decision {
  const { failure, task, n, granted } = facts;
  return gated(facts, work, () => {
    if (elsewhere === 'required' && otherHosts(facts)?.length === 0)
      return ask(facts, work, {
        why: `no other host takes runs of the pool ${task.pool}`,
        otherwise: 'another host of that pool would have got the run',
      });
    const until = wait === 'stated' ? statedWait(facts) : undefined;
    if (until !== undefined && isTooFar(facts, until)) return ask(facts, work, { why: sayTooFar(until), otherwise: SHORTER });
    const afterMs = wait === 'none' ? 0 : waitMs(facts, until);
    // A host that is ill takes no runs, so another one is tried; a provider that is, is so for everybody.
    if (failure.class === 'adapter' && facts.incident) return holdOnIncident(facts, work, facts.incident, afterMs);
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
      otherwise: `${task.limits.perReason + granted} runs that end as ${failure.reason} would: then a person is asked${failure.class === 'host' ? ', as after the same on a second host' : ''}`,
    });
  });
}

const SHORTER = 'a shorter wait would have been waited by itself';

const CHECK_SAYS: Readonly<Record<CredentialChecked['state'], string>> = {
  valid: 'says that it is valid',
  changed: 'says that it was changed since',
  invalid: 'says that it is not valid',
  unknown: 'could not tell whether it is valid',
};

/** At most so many runs on a credential of which nobody could tell whether it is valid. */
const MAX_UNTOLD = 2;

/** Whether the credential is valid is asked first; that nobody could tell is no "no". */
function checkCredential(facts: Facts, work: Completeness): Decision {
  const { credential, failure, n, runs, granted } = facts;
  if (!credential) {
    return answer(facts, {
      kind: 'check',
      because: `${sayFailure(n, failure)}, so its credential is checked before anything else is tried; ${sayLeft(n, facts.seen)}`,
      otherwise: 'nothing would: no run is tried on a credential that was just refused without a check',
    });
  }
  const said = `the check of its credential ${CHECK_SAYS[credential.state]} (${credential.evidence})`;
  const incident = facts.incident ?? (credential.incident === undefined ? undefined : { scope: credential.incident, why: said });
  if (credential.state === 'invalid' && incident) return gated({ ...facts, incident }, work, () => holdOnIncident(facts, work, incident));
  if (credential.state === 'invalid')
    return ask(facts, work, { why: said, otherwise: 'a valid credential, or a check that could not tell, would have been tried again' });
  if (credential.state === 'changed') return retry(facts, work, AFRESH, said);
  if (credential.state === 'valid') return retry(facts, work, { kind: 'retry', wait: 'backoff', elsewhere: 'any' }, said);
  const untold = runs.filter((run) => run.failure?.reason === failure.reason).length;
  if (untold > MAX_UNTOLD + granted)
    return ask(facts, work, {
      why: `${said}, and ${count(untold, 'run')} ended that way`,
      otherwise: 'a check that says valid would: then it is tried again',
    });
  return retry(
    facts,
    work,
    { kind: 'retry', wait: 'backoff', elsewhere: 'any' },
    `${said}, which is tried at most ${MAX_UNTOLD} times more`,
  );
}

function retryAfterReset(facts: Facts, work: Completeness): Decision {
  const { failure, n } = facts;
  const until = statedEndMs(failure, endedAtMs(facts));
  if (until === undefined) {
    const { incident } = facts;
    if (incident) return gated(facts, work, () => holdOnIncident(facts, work, incident));
    return ask(facts, work, {
      why: 'no reset time was stated, and nobody knows which credential to wait for',
      otherwise: 'a stated reset would have been waited for, and so would the incident of a known credential',
    });
  }
  if (isTooFar(facts, until)) return ask(facts, work, { why: sayTooFar(until), otherwise: SHORTER });
  const leftMs = until - Date.parse(facts.now);
  if (leftMs <= 0) return retry(facts, work, AFRESH, `the quota was to be reset at ${sayTime(until)}`);
  return gated(facts, work, () =>
    answer(facts, {
      kind: 'hold',
      afterMs: statedWaitMs(leftMs, seedOf(facts)),
      because: `the quota resets at ${sayTime(until)}, and no run could succeed before; ${sayFailure(n, failure)}; ${sayLeft(n, facts.seen)}`,
      otherwise: 'without a stated reset a person would have been asked',
    }),
  );
}

/** One more run with the check's own words, then a person. */
function feedback(facts: Facts, work: Completeness): Decision {
  const { failure, runs, granted, n } = facts;
  const rejected = onSameWork(runs).filter((run) => run.failure?.reason === 'output_rejected').length;
  const otherwise = 'a second end like this one would: then a person is asked';
  if (rejected >= 2 + granted)
    return ask(facts, work, {
      why: `${count(rejected, 'run')} came back without an output that passes`,
      otherwise: 'the first time, the next run would have been told what is wrong',
    });
  return gated(facts, work, () =>
    answer(facts, {
      kind: 'retry',
      because: `${sayEnd(n, failure)}, so ${sayNextRun(facts)} is told what is wrong: ${whatIsWrong(facts, work)}; ${sayLeft(n, facts.seen)}`,
      notes: [
        ...tellNextRun(facts, work),
        ...(runs.at(-1)?.plans ? failure.evidence.map(({ value }) => `What was wrong with the plan: ${value}`) : []),
      ],
      otherwise,
    }),
  );
}

/** Nothing of a plan is among the outputs. */
const whatIsWrong = ({ runs, failure }: Facts, work: Completeness): string =>
  runs.at(-1)?.plans ? (failure.evidence[0]?.value ?? 'it wrote no plan') : sayCompleteness(work);

const hostOfRun = (facts: Facts): string | undefined => facts.runs.at(-1)?.host;
