// Whole lives, in any order of failures, looks and answers: the step functions of the workflow obey what is decided, and
// the tests watch what starts a run. The rules for a single decision stand beside them, on facts as odd as they may come.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MAX_STATED_WAIT_MS } from '../../src/domain/backoff.ts';
import { verdictOn } from '../../src/domain/blame.ts';
import type { CredentialChecked } from '../../src/domain/credential.ts';
import { decide } from '../../src/domain/decide.ts';
import type { Decision, Facts } from '../../src/domain/decision.ts';
import { REASON_NAMES, REASONS, type Reason } from '../../src/domain/failure.ts';
import { breachOfCeiling, FREE_RUNS, ledgersOf, spent } from '../../src/domain/ledgers.ts';
import type { BankSeen, OutputState, Seen } from '../../src/domain/output.ts';
import { beginPlan, nextStep, type PlanState, taskOfStep } from '../../src/domain/plan.ts';
import { type Answer, type Question, readAnswer, withSettings } from '../../src/domain/question.ts';
import type { RunRecord } from '../../src/domain/run.ts';
import type { Limits } from '../../src/domain/task.ts';
import { afterAnswer, afterDecision, type Step } from '../../src/workflows/step.ts';
import { at, banked, check, clone, factsOf, failureOf, limitsOf, outputSeen, runOf, START_MS, taskOf } from './facts.ts';

const HOSTS = ['h1', 'h2', 'h3'];

/** What one look finds. */
interface Look {
  readonly output: OutputState;
  readonly push: OutputState;
  readonly check: 'green' | 'red' | 'unknown' | 'not run';
  readonly bank: 'banked' | 'nothing' | 'failed';
  readonly over: boolean;
}

/** How one run ends, and what is found each time that somebody looks. */
interface End {
  readonly reason: Reason;
  readonly words: string;
  readonly host: string;
  readonly progress: boolean;
  readonly entered: boolean;
  readonly minutes: number;
  readonly retryAfterMs: number | undefined;
  readonly resetsAt: string | undefined;
  readonly looks: readonly Look[];
  /** It ends well where it plans, or works on a step. */
  readonly good: boolean;
  /** What the check of its credential says. */
  readonly credential: CredentialChecked['state'];
  /** What it speaks against is held to be ill by then. */
  readonly incident: boolean;
}

const aLook: fc.Arbitrary<Look> = fc.record({
  output: fc.constantFrom<OutputState>('absent', 'absent', 'present', 'partial', 'unknown', 'stranded'),
  push: fc.constantFrom<OutputState>('absent', 'absent', 'unknown'),
  check: fc.constantFrom('red', 'red', 'green', 'unknown', 'not run'),
  bank: fc.constantFrom('nothing', 'banked', 'failed'),
  over: fc.boolean(),
});
/** Most looks see everything, or lives would end at their first question. */
const aClearLook: fc.Arbitrary<Look> = fc.record({
  output: fc.constantFrom<OutputState>('absent', 'partial', 'stranded'),
  push: fc.constant<OutputState>('absent'),
  check: fc.constant('not run'),
  bank: fc.constantFrom('nothing', 'banked'),
  over: fc.constant(true),
});

const anEnd = (
  looks: fc.Arbitrary<Look> = fc.oneof({ weight: 1, arbitrary: aLook }, { weight: 6, arbitrary: aClearLook }),
): fc.Arbitrary<End> =>
  fc.record({
    reason: fc.constantFrom(...REASON_NAMES.filter((reason) => reason !== 'cancelled')),
    words: fc.constantFrom('exit 1', 'exit 2', 'out of luck.\n\nfoo;', '😀 | <b>'),
    host: fc.constantFrom(...HOSTS),
    progress: fc.boolean(),
    entered: fc.boolean(),
    minutes: fc.integer({ min: 0, max: 60 }),
    retryAfterMs: fc.option(fc.oneof(fc.integer({ min: -10, max: 86_400_000 }), fc.double()), { nil: undefined }),
    resetsAt: fc.option(
      fc.oneof(
        fc.integer({ min: 0, max: 14 * 86_400_000 }).map((ms) => at(START_MS + ms)),
        fc.string(),
      ),
      { nil: undefined },
    ),
    looks: fc.array(looks, { minLength: 1, maxLength: 3 }),
    good: fc.boolean(),
    credential: fc.constantFrom('valid', 'invalid', 'unknown', 'unknown'),
    incident: fc.boolean(),
  });

/** The incident of what a failure speaks against, if it is open. */
function incidentOf({ incident, reason }: End): Pick<Facts, 'incident'> {
  const kind = (['credential', 'provider', 'host'] as const).find((one) => verdictOn(one, failureOf(reason), false).kind === 'strike');
  return incident && kind ? { incident: { scope: `${kind}/shared`, why: 'many ran into it' } } : {};
}

const anAnswer: fc.Arbitrary<unknown> = fc.oneof(
  fc.constantFrom('retry', 'look', 'wait', 'finish', 'adopt', 'close', 'split', 'yes, please'),
  fc.constantFrom(
    { choice: 'retry', note: 'only the first half' },
    { choice: 'retry', set: { 'run.wall': '2h' } },
    { choice: 'retry', question: 'q0' },
  ),
);

const LIMITS = fc
  .record({ runs: fc.integer({ min: 1, max: 8 }), perReason: fc.integer({ min: 1, max: 4 }), hours: fc.integer({ min: 1, max: 8 }) })
  .map(({ runs, perReason, hours }) => limitsOf({ runs, perReason, wallMs: hours * 3_600_000 }));

const aTask = (limits: Limits) =>
  taskOf({
    limits,
    outputs: [
      { kind: 'commit', by: 'agent', conclusive: false },
      { kind: 'push', by: 'outlive' },
    ],
  });

const BANK: Readonly<Record<Look['bank'], BankSeen>> = {
  banked,
  nothing: { state: 'nothing' },
  failed: { state: 'failed', evidence: 'the origin does not answer' },
};

function seenBy({ output, push, check: state, bank }: Look): Seen {
  return {
    at: at(START_MS),
    outputs: [outputSeen('commit', output), outputSeen('push', push, { by: 'outlive' })],
    checks: output === 'present' && state !== 'not run' ? [check(state)] : [],
    goodEnd: false,
    bank: BANK[bank],
    ...(output === 'stranded' ? {} : { repository: clone({ commits: output === 'present' ? 1 : 0 }) }),
  };
}

function recordOf(n: number, end: End, startMs: number): RunRecord {
  const { reason, words, progress, retryAfterMs, resetsAt, host, entered, minutes } = end;
  const failure = failureOf(reason, {
    evidence: [{ where: 'stderr', value: words }],
    progress,
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    ...(resetsAt === undefined ? {} : { resetsAt }),
  });
  return runOf(n, failure, { host, entered, startedAt: at(startMs), endedAt: at(startMs + minutes * 60_000) });
}

/** Why a run was started. */
type Cause =
  | { readonly by: 'begin' }
  /** The plan, or the step before it, came to a good end. */
  | { readonly by: 'plan' }
  | { readonly by: 'decision'; readonly decision: Decision; readonly facts: Facts }
  | { readonly by: 'answer'; readonly answer: Answer };

interface Life {
  readonly runs: readonly RunRecord[];
  readonly causes: readonly Cause[];
  readonly granted: number;
  /** Steps that a person took as they were: each is followed by a run, and by no gate before it. */
  readonly adopted: number;
  readonly limits: Limits;
  /** The most looks at one end that nobody asked for. */
  readonly mostLooks: number;
  readonly end: 'finished' | 'ended' | 'asking' | 'endless';
}

/** Lives as the workflow does: obeys each decision by its own step functions, until nobody answers or no end is left. */
function live(ends: readonly End[], answers: readonly unknown[], given: Limits): Life {
  const runs: RunRecord[] = [];
  const causes: Cause[] = [];
  const waiting = [...answers];
  let plan: PlanState | undefined;
  let credential: CredentialChecked | undefined;
  let [step, cause, limits, nowMs, look, granted, mostLooks]: [Step, Cause, Limits, number, number, number, number] = [
    { kind: 'run', because: 'first run', notes: [] },
    { by: 'begin' },
    given,
    START_MS,
    0,
    0,
    0,
  ];
  const lived = (end: Life['end']): Life => ({ runs, causes, granted, adopted: plan?.adopted.length ?? 0, limits, mostLooks, end });
  for (let steps = 0; steps < 2000; steps += 1) {
    switch (step.kind) {
      case 'run': {
        const end = ends[runs.length];
        if (!end) return lived('finished');
        const { failure, ...record } = recordOf(runs.length + 1, end, nowMs + (step.afterMs ?? 0));
        const what = { ...(step.enriched ? ENRICHED : {}), ...(step.plans ? PLANS : {}), ...(plan ? { step: plan.at } : {}) };
        const isGood = end.good && (step.plans || plan !== undefined);
        runs.push(
          isGood ? { ...record, ...what, entered: true, outcome: 'finished' } : { ...record, ...what, ...(failure ? { failure } : {}) },
        );
        causes.push(cause);
        nowMs = Math.max(nowMs, Date.parse(runs.at(-1)?.endedAt ?? ''));
        look = 0;
        credential = undefined;
        step = { kind: 'settle' };
        if (!isGood) break;
        if (plan?.at === STEPS.length) return lived('finished');
        plan = plan ? nextStep(plan, undefined, false) : beginPlan({ steps: STEPS }, undefined);
        if (spent(ledgersOf(runs, limits), limits, granted)) return lived('asking');
        cause = { by: 'plan' };
        step = { kind: 'run', because: 'the next step', notes: [] };
        break;
      }
      case 'settle': {
        look += 1;
        mostLooks = Math.max(mostLooks, look);
        const { looks = [] } = ends[runs.length - 1] ?? {};
        const found = looks[Math.min(look, looks.length) - 1] as Look;
        const last = runs.at(-1) as RunRecord;
        const facts = factsOf(last.failure?.reason as Reason, {
          task: plan ? taskOfStep(aTask(limits), plan, ledgersOf(runs, limits)) : aTask(limits),
          runs: [...runs],
          now: at(nowMs),
          look,
          granted,
          over: found.over,
          seen: plan ? { ...seenBy(found), outputs: seenBy(found).outputs.slice(0, plan.at < STEPS.length ? 1 : 2) } : seenBy(found),
          ...(credential ? { credential } : {}),
          ...incidentOf(ends[runs.length - 1] as End),
        });
        const decision = decide(facts);
        cause = { by: 'decision', decision, facts };
        step = afterDecision(decision, last);
        break;
      }
      case 'check': {
        const { credential: state = 'unknown', incident } = ends[runs.length - 1] ?? {};
        credential = {
          state,
          evidence: 'as told',
          ...(state === 'invalid' && incident ? { incident: 'credential/main@0123456789ab' } : {}),
        };
        step = { kind: 'settle' };
        break;
      }
      case 'hold':
        nowMs += step.afterMs;
        step = step.next;
        break;
      case 'ask': {
        if (waiting.length === 0) return lived('asking');
        const question: Question = { id: 'q1', ...step.ask, owner: 'web-team', askedAt: at(nowMs) };
        const read = readAnswer(waiting.shift(), question, undefined, 'command');
        if (!read.ok) break;
        const answer = read.value;
        if (answer.set) limits = withSettings(taskOf({ limits }), answer.set).limits;
        if (answer.choice === 'retry' || answer.choice === 'split') granted += 1;
        look = 0;
        cause = { by: 'answer', answer };
        step = afterAnswer(answer, step, 'answered');
        break;
      }
      default:
        // What a person takes as it is is where the next step begins.
        if (step.kind === 'finish' && plan && plan.at < STEPS.length) {
          plan = nextStep(plan, undefined, true);
          cause = { by: 'plan' };
          step = { kind: 'run', because: 'the next step', notes: [] };
          break;
        }
        return lived(step.kind === 'finish' ? 'finished' : 'ended');
    }
  }
  return lived('endless');
}

const ENRICHED = { enriched: true } as const;
const PLANS = { plans: true } as const;
const STEPS = ['one', 'two', 'three'].map((title) => ({ title, prompt: `Do ${title}.` }));

/** Runs that followed the end of an incident. */
const afterIncidents = (causes: readonly Cause[]): number =>
  causes.filter((cause) => cause.by === 'decision' && cause.decision.incident !== undefined).length;

const someEnds = fc.array(anEnd(), { minLength: 12, maxLength: 40 });
const someAnswers = fc.array(anAnswer, { maxLength: 12 });

describe('whatever a life brings', () => {
  const everyLife = (check: (life: Life, ends: readonly End[]) => void, answers: fc.Arbitrary<unknown[]> = someAnswers) =>
    fc.assert(
      fc.property(someEnds, answers, LIMITS, (ends, sent, limits) => check(live(ends, sent, limits), ends)),
      { numRuns: 300 },
    );

  it('no order of failures exceeds the ledgers while nobody answers', () => {
    everyLife(({ runs, limits, granted, causes }) => {
      const ledgers = ledgersOf(runs, limits);
      expect(granted).toBe(0);
      expect(ledgers.runs).toBeLessThanOrEqual(limits.runs + (ledgers.planned ?? 0));
      expect(ledgers.planned ?? 0).toBeLessThanOrEqual(1 + STEPS.length);
      expect(ledgers.free).toBeLessThanOrEqual(FREE_RUNS);
      // What many share is not this task's to be asked about, as long as it has runs left.
      for (const count of Object.values(ledgers.perReason)) expect(count).toBeLessThanOrEqual(limits.perReason + afterIncidents(causes));
      expect(ledgers.wallMs).toBeLessThan(limits.wallMs + 3_600_000);
    }, fc.constant([]));
  });

  it('the ceilings are exceeded by no more than what people granted', () => {
    everyLife(({ runs, limits, granted: given, adopted, causes }) => {
      const granted = given + adopted;
      const ledgers = ledgersOf(runs, limits);
      expect(ledgers.runs).toBeLessThanOrEqual(limits.runs + granted + (ledgers.planned ?? 0));
      expect(ledgers.free).toBeLessThanOrEqual(FREE_RUNS + granted);
      const allowed = limits.perReason + granted + afterIncidents(causes);
      for (const count of Object.values(ledgers.perReason)) expect(count).toBeLessThanOrEqual(allowed);
    });
  });

  it('every run after the first follows a look that decided so, or an answer of a person', () => {
    everyLife(({ causes, runs }) => {
      for (const [index, cause] of causes.entries()) {
        if (index === 0) expect(cause).toEqual({ by: 'begin' });
        else if (cause.by === 'plan') expect(runs[index - 1]?.plans ?? runs[index - 1]?.step).toBeDefined();
        else if (cause.by === 'answer') expect(cause.answer.choice).toMatch(/^(?:retry|split)$/);
        else if (cause.by === 'decision') {
          expect(cause.decision.incident ? 'retry' : cause.decision.kind).toMatch(/^(?:retry|enrich|split)$/);
          expect(cause.facts.n).toBe(index);
        } else expect.fail(`run ${index + 1} began by itself`);
      }
    });
  });

  it('no run starts by itself beside one that may be alive, past something unseen, or without what was left', () => {
    everyLife(({ causes }) => {
      for (const cause of causes) {
        if (cause.by !== 'decision') continue;
        const { over, seen } = cause.facts;
        expect(over).toBe(true);
        expect(seen.outputs.map(({ state }) => state)).not.toContain('unknown');
        expect(seen.bank?.state).not.toBe('failed');
      }
    });
  });

  it('the work is planned once, and a step is not split again', () => {
    everyLife(({ runs }) => {
      const plans = runs.filter((run) => run.plans && run.outcome === 'finished');
      expect(plans.length).toBeLessThanOrEqual(1);
      const first = runs.findIndex((run) => run.step !== undefined);
      if (first < 0) return;
      expect(runs[first - 1]).toBe(plans[0]);
      expect(runs.slice(first).every((run) => run.step !== undefined && !run.plans)).toBe(true);
      const steps = runs.slice(first).map((run) => run.step ?? 0);
      expect(steps).toEqual(steps.toSorted((a, b) => a - b));
    });
  });

  it('a credential that was refused gets no run without a check, none where it says no, and few where it could not tell', () => {
    everyLife(({ causes, granted }) => {
      let untold = 0;
      for (const cause of causes) {
        if (cause.by !== 'decision' || !cause.facts.failure.reason.startsWith('credential_')) continue;
        // It was let in again, or has another value: the host looks before it starts the run.
        if (cause.decision.incident) continue;
        expect(cause.facts.credential?.state).toMatch(/^(?:valid|unknown)$/);
        if (cause.facts.credential?.state === 'unknown') untold += 1;
      }
      // Each of the two reasons has its own budget.
      expect(untold).toBeLessThanOrEqual(2 * (2 + granted));
    });
  });

  it('a run after a context reason has other inputs: once a hand-off of what is there, else a plan, else because a person changed them', () => {
    everyLife(({ causes, runs }) => {
      const pieces = new Map(runs.filter((run) => run.enriched).map((run) => [run.step, run.n]));
      expect(runs.filter((run) => run.enriched)).toHaveLength(pieces.size);
      for (const [index, cause] of causes.entries()) {
        const before = runs[index - 1];
        if (before?.failure?.class !== 'context') continue;
        // Whatever was taken as it is, the next step is other work.
        if (cause.by === 'plan' || (cause.by === 'answer' && cause.answer.choice === 'split')) continue;
        if (cause.by === 'decision' && cause.decision.kind === 'split') {
          expect(runs[index]?.plans).toBe(true);
          continue;
        }
        if (cause.by === 'decision') {
          expect(cause.decision).toMatchObject({
            kind: 'enrich',
            notes: expect.arrayContaining([expect.stringContaining('This is a new one')]),
          });
          expect(cause.facts.failure.progress).toBe(true);
          continue;
        }
        const answer = cause.by === 'answer' ? cause.answer : expect.fail('a context reason was run again at the beginning');
        expect(answer.note ?? answer.set?.['run.wall'] ?? answer.set?.['run.stall']).toBeDefined();
      }
    });
  });

  it('what nobody understands is run again by nobody but a person', () => {
    everyLife(({ causes, runs }) => {
      for (const [index, cause] of causes.entries()) {
        if (runs[index - 1]?.failure?.class === 'unknown') expect(cause.by).toMatch(/^(?:answer|plan)$/);
      }
    });
  });

  it('looking comes to an end: a finish, a run or a question', () => {
    everyLife(({ end, mostLooks }) => {
      expect(end).not.toBe('endless');
      expect(mostLooks).toBeLessThan(20);
    });
  });
});

describe('whatever the facts', () => {
  const someFacts: fc.Arbitrary<Facts> = fc
    .record({
      ends: fc.array(anEnd(aLook), { minLength: 1, maxLength: 9 }),
      cancelled: fc.boolean(),
      limits: LIMITS,
      look: fc.integer({ min: 1, max: 12 }),
      granted: fc.nat(3),
      laterMs: fc.nat(10 * 86_400_000),
      hosts: fc.option(fc.subarray(HOSTS), { nil: undefined }),
    })
    .map(({ ends, cancelled, limits, look, granted, laterMs, hosts }) => {
      const runs = ends.map((end, index) =>
        recordOf(index + 1, cancelled ? { ...end, reason: 'cancelled' } : end, START_MS + index * 3_600_000),
      );
      const last = runs.at(-1) as RunRecord;
      const found = ends.at(-1)?.looks[0] as Look;
      const { hosts: _, ...facts } = factsOf(last.failure?.reason as Reason, {
        task: aTask(limits),
        runs,
        look,
        granted,
        over: found.over,
        seen: seenBy(found),
        now: at(Date.parse(last.endedAt ?? '') + laterMs),
        ...incidentOf(ends.at(-1) as End),
      });
      return hosts ? { ...facts, hosts } : facts;
    });
  const everyDecision = (holds: (decision: Decision, facts: Facts) => void) =>
    fc.assert(
      fc.property(someFacts, (facts) => holds(decide(facts), facts)),
      { numRuns: 1000 },
    );

  it('a decision is plain JSON, and the same facts bring the same one', () => {
    everyDecision((decision, facts) => {
      expect(JSON.parse(JSON.stringify(decision))).toEqual(decision);
      expect(decide(structuredClone(facts))).toEqual(decision);
    });
  });

  it('it says why, on one line that fits', () => {
    everyDecision(({ because, ask }) => {
      expect(because).toMatch(/^\S.{10,999}$/u);
      expect(ask?.text ?? because).not.toMatch(/undefined|NaN|Infinity|\n|[.;:,] ?[.;:,]/);
    });
  });

  it('it asks just where it is an ask, and always offers to look and to close', () => {
    everyDecision(({ kind, ask }) => {
      expect(ask !== undefined).toBe(kind === 'ask');
      if (ask) expect(ask.choices).toEqual(expect.arrayContaining(['retry', 'look', 'wait', 'close']));
    });
  });

  it('a wait is finite and capped, and a hold always waits', () => {
    everyDecision(({ kind, afterMs }) => {
      if (kind === 'hold') expect(afterMs).toBeGreaterThan(0);
      const ms = afterMs ?? 0;
      expect(ms >= 0 && ms <= MAX_STATED_WAIT_MS + 300_000).toBe(true);
      expect(Number.isInteger(ms)).toBe(true);
    });
  });

  /** After a reset, with feedback, after a check. */
  const MAY_BE_TRIED: readonly Reason[] = ['quota_exhausted', 'output_rejected', 'credential_rejected', 'credential_revoked'];

  it('only reasons that say so are retried', () => {
    everyDecision(({ kind }, { failure, seen }) => {
      if (kind === 'retry') expect(REASONS[failure.reason].retry === true || MAY_BE_TRIED.includes(failure.reason)).toBe(true);
      if (kind === 'finish') expect(seen.outputs[0]?.state).toBe('present');
    });
  });

  it('who waits for the end of an incident holds, and nobody is asked beside the one who was told of it', () => {
    everyDecision(({ kind, incident, ask }, { incident: open, failure, task, runs, granted }) => {
      if (incident) expect({ kind, incident }).toEqual({ kind: 'hold', incident: open?.scope });
      if (!open || failure.class !== 'adapter' || kind !== 'ask') return;
      const isSpent = breachOfCeiling(ledgersOf(runs, task.limits), task.limits, failure.reason, granted) !== undefined;
      const isOfItsOwn =
        /nobody knows whether it is over|not known what is there|could still not be banked|the provider asks to wait until/;
      expect(isSpent || isOfItsOwn.test(ask?.text.toLowerCase() ?? '') ? '' : ask?.text).toBe('');
    });
  });

  it('a run is never asked to avoid all hosts that there are, nor one that the task was never on', () => {
    everyDecision(({ avoid = [] }, { hosts, runs }) => {
      expect(runs.map(({ host }) => host)).toEqual(expect.arrayContaining([...avoid]));
      if (avoid.length > 0 && hosts) expect(hosts.some((host) => !avoid.includes(host))).toBe(true);
    });
  });
});
