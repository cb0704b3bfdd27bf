// The table of what is decided: every reason, by what is there after its run, and by what the task has used up.

import { verdictOn } from '../../src/domain/blame.ts';
import { decide } from '../../src/domain/decide.ts';
import type { Decision, Facts } from '../../src/domain/decision.ts';
import { REASON_NAMES, type Reason } from '../../src/domain/failure.ts';
import type { RunRecord } from '../../src/domain/run.ts';
import type { ScopeKind } from '../../src/domain/scope.ts';
import { check, clone, committed, factsOf, failureOf, limitsOf, outputSeen, runOf, seenOf, taskOf } from './facts.ts';

type Over = Partial<Facts>;
const wip = clone({ dirty: 2 });
const HOUR_MS = 3_600_000;

/** What a look found, the first time that the task's first run ended. Checks are asked for but where it says so. */
const OUTPUTS: Readonly<Record<string, () => Over>> = {
  'nothing is there': () => ({}),
  'changes, and no commit': () => ({ seen: seenOf({ outputs: [outputSeen('commit', 'partial')], repository: wip, bank: BANKED }) }),
  'a commit, no check asked for': () => ({ task: taskOf({ checks: [] }), seen: committed() }),
  'a commit, its check red': () => ({ seen: committed([check('red')]) }),
  'a commit, its check green': () => ({ seen: committed([check('green')]) }),
  'an output that nobody could see': () => ({ seen: seenOf({ outputs: [outputSeen('commit', 'unknown')] }) }),
  'its host does not answer, its lease is over': () => ({ seen: seenOf({ outputs: [outputSeen('commit', 'stranded')], bank: BANKED }) }),
  'its host does not answer, it may be alive': () => ({ over: false, seen: seenOf({ outputs: [outputSeen('commit', 'stranded')] }) }),
  'a commit that could not be banked': () => ({ seen: { ...committed([check('red')]), bank: { state: 'failed', evidence: 'no route' } } }),
};
const BANKED = committed().bank as NonNullable<Facts['seen']['bank']>;

/** What the task has used up when that end comes, and nothing new is there. */
const LEDGERS: Readonly<Record<string, (reason: Reason) => Over>> = {
  'the first run': () => ({}),
  'the same words twice, on one host': (reason) => ({ runs: times(reason, ['h1', 'h1']) }),
  'the same reason on two hosts, with progress': (reason) => ({ runs: times(reason, ['h1', 'h2'], { progress: true }) }),
  'the third for this reason': (reason) => ({ runs: times(reason, ['h1', 'h2', 'h3'], { progress: true }) }),
  'the last run that it may have': (reason) => ({ task: taskOf({ limits: limitsOf({ runs: 1 }) }), runs: times(reason, ['h1']) }),
  'its run time is used up': (reason) => ({ task: taskOf({ limits: limitsOf({ wallMs: 1000 }) }), runs: times(reason, ['h1']) }),
  'its money is used up': (reason) => ({
    task: taskOf({ limits: limitsOf({ costUsd: 5, run: { wallMs: HOUR_MS, stallMs: HOUR_MS, costUsd: 5 } }) }),
    runs: times(reason, ['h1']),
  }),
  'the third that could not even start': (reason) => ({
    runs: times(reason, ['h1', 'h2', 'h3']).map((run) => ({ ...run, entered: false })),
  }),
};

function times(reason: Reason, hosts: readonly string[], over: Partial<ReturnType<typeof failureOf>> = {}): RunRecord[] {
  return hosts.map((host, index) =>
    runOf(index + 1, failureOf(reason, { ...over, ...(reason === 'quota_exhausted' ? RESET : {}) }), { host }),
  );
}
/** A quota names its reset. */
const RESET = { retryAfterMs: 2 * HOUR_MS };

/** The facts of one cell. What is there is progress. */
function cell(reason: Reason, over: Over): Facts {
  const left = over.seen?.repository;
  const progress = left !== undefined && left.commits + left.dirty > 0;
  return factsOf(reason, { runs: times(reason, ['h1'], { progress }), ...over });
}

/** What the check of a credential said, after the first run and after the third. */
const CREDENTIAL: Readonly<Record<string, (reason: Reason) => Over>> = {
  'it is valid': () => ({ credential: { state: 'valid', evidence: 'GET /v1/models: 200' } }),
  'it is not valid': () => ({ credential: { state: 'invalid', evidence: 'GET /v1/models: 401' } }),
  'it could not tell': () => ({ credential: { state: 'unknown', evidence: 'no answer' } }),
  'it could not tell for the third time': (reason) => ({
    task: taskOf({ limits: limitsOf({ perReason: 9 }) }),
    runs: times(reason, ['h1', 'h2', 'h3']),
    credential: { state: 'unknown', evidence: 'no answer' },
  }),
};

/** With an open incident of what the failure speaks against. */
const ILL: Over = { incident: { scope: 'provider/openai', why: 'runs of several tasks ended because the provider failed' } };
const INCIDENT: Readonly<Record<string, (reason: Reason) => Over>> = {
  ...Object.fromEntries(
    Object.entries(LEDGERS)
      .filter(([column]) => column !== 'the third that could not even start')
      .map(([column, over]) => [column, (reason: Reason) => ({ ...over(reason), ...ILL })]),
  ),
  'no reset is stated': (reason) => ({ runs: [runOf(1, failureOf(reason))], ...ILL }),
  'its whole work is there': () => ({ seen: committed([check('green')]), ...ILL }),
  'an output that nobody could see': () => ({ seen: seenOf({ outputs: [outputSeen('commit', 'unknown')] }), ...ILL }),
  'its credential is not valid': () => ({ credential: { state: 'invalid', evidence: 'GET /v1/models: 401' }, ...ILL }),
};
const isStrike = (kind: ScopeKind, reason: Reason): boolean => verdictOn(kind, failureOf(reason), false).kind === 'strike';
/** Those that say something about what many share. */
const SHARED = REASON_NAMES.filter(
  (reason) => reason.startsWith('credential_') || (['host', 'credential', 'provider'] as const).some((kind) => isStrike(kind, reason)),
);

export type Table = Readonly<Record<string, Readonly<Partial<Record<Reason, Decision>>>>>;

const tableOf = (columns: Readonly<Record<string, (reason: Reason) => Over>>, reasons: readonly Reason[] = REASON_NAMES): Table =>
  Object.fromEntries(
    Object.entries(columns).map(([column, over]) => [
      column,
      Object.fromEntries(reasons.map((reason) => [reason, decide(cell(reason, over(reason)))])),
    ]),
  );

export const BY_OUTPUTS = tableOf(OUTPUTS);
export const BY_LEDGERS = tableOf(LEDGERS);
export const BY_CREDENTIAL = tableOf(CREDENTIAL, ['credential_rejected', 'credential_revoked']);
export const BY_INCIDENT = tableOf(INCIDENT, SHARED);
