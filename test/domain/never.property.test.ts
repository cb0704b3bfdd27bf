// The never-rules: what must not happen for any order of failures, whatever the look finds.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Decision, decide, type Facts } from '../../src/domain/decide.ts';
import { type Failure, REASON_NAMES, REASONS, type Reason } from '../../src/domain/failure.ts';
import { FREE_RUNS, ledgersOf } from '../../src/domain/ledgers.ts';
import type { OutputState, Seen } from '../../src/domain/output.ts';
import { readAnswer } from '../../src/domain/question.ts';
import type { RunRecord } from '../../src/domain/run.ts';
import { DEFAULT_LIMITS, type Task } from '../../src/domain/task.ts';
import { afterAnswer, afterDecision } from '../../src/workflows/step.ts';

const START_MS = Date.parse('2026-01-01T00:00:00Z');

const aTask = (runs: number, perReason: number): Task => ({
  id: 'task',
  title: 'Task',
  owner: 'somebody',
  agent: { use: 'command', argv: ['agent'] },
  prompt: 'work',
  workspace: { repo: '/repo', base: 'main' },
  outputs: [
    { kind: 'commit', by: 'agent', conclusive: false },
    { kind: 'push', by: 'outlive' },
  ],
  checks: [],
  limits: { ...DEFAULT_LIMITS, runs, perReason },
  bank: 'origin',
  pool: 'default',
  env: {},
});

interface End {
  readonly reason: Reason;
  readonly host: string;
  readonly progress: boolean;
  readonly entered: boolean;
  readonly commit: OutputState;
  readonly retryAfterMs: number | undefined;
}

const anEnd = (reasons: fc.Arbitrary<Reason> = fc.constantFrom(...REASON_NAMES)): fc.Arbitrary<End> =>
  fc.record({
    reason: reasons,
    host: fc.constantFrom('a', 'b', 'c'),
    progress: fc.boolean(),
    entered: fc.boolean(),
    commit: fc.constantFrom<OutputState>('absent', 'present', 'partial', 'unknown', 'stranded'),
    retryAfterMs: fc.option(fc.integer({ min: 0, max: 86_400_000 }), { nil: undefined }),
  });

function recordOf(n: number, { reason, host, progress, entered, retryAfterMs }: End): RunRecord & { readonly failure: Failure } {
  return {
    n,
    host,
    agent: 'command',
    startedAt: new Date(START_MS).toISOString(),
    endedAt: new Date(START_MS + 1000).toISOString(),
    outcome: 'failed',
    entered,
    failure: {
      class: REASONS[reason].class,
      reason,
      basis: 'text',
      rule: 'any',
      evidence: [{ where: 'stderr', value: `words ${n % 2}` }],
      progress,
      ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    },
  };
}

function seenOf({ commit }: End): Seen {
  return {
    at: new Date(START_MS).toISOString(),
    outputs: [
      { kind: 'commit', by: 'agent', reach: 'host', state: commit, evidence: 'seen' },
      { kind: 'push', by: 'outlive', reach: 'world', state: 'absent', evidence: 'seen' },
    ],
    checks: [],
    goodEnd: false,
  };
}

function factsOf(task: Task, runs: readonly (RunRecord & { readonly failure: Failure })[], end: End, more: Partial<Facts> = {}): Facts {
  const last = runs.at(-1);
  if (!last) throw new Error('a run');
  return {
    v: 1,
    now: new Date(START_MS + 1000).toISOString(),
    task,
    n: runs.length,
    look: 1,
    failure: last.failure,
    seen: seenOf(end),
    runs,
    granted: 0,
    over: true,
    leaseMs: 1000,
    backoffMs: 1000,
    ...more,
  };
}

const decideOn = (end: End, more: Partial<Facts> = {}): Decision => decide(factsOf(aTask(6, 3), [recordOf(1, end)], end, more));

describe('whatever happens', () => {
  it('an unclassified failure is never retried', () => {
    fc.assert(
      fc.property(anEnd(fc.constant<Reason>('unclassified')), fc.integer({ min: 1, max: 9 }), (end, look) => {
        expect(['ask', 'hold', 'finish']).toContain(decideOn(end, { look }).kind);
      }),
    );
  });

  it('nothing is retried while an output is unknown', () => {
    fc.assert(
      fc.property(anEnd(), fc.integer({ min: 1, max: 9 }), (end, look) => {
        expect(decideOn({ ...end, commit: 'unknown' }, { look }).kind).not.toBe('retry');
      }),
    );
  });

  it('nothing is retried while the run may still be alive', () => {
    fc.assert(
      fc.property(anEnd(), fc.integer({ min: 1, max: 9 }), (end, look) => {
        expect(decideOn(end, { look, over: false }).kind).not.toBe('retry');
      }),
    );
  });

  it('a run follows only from a recorded decision, which only a look can bring about', () => {
    fc.assert(
      fc.property(anEnd(), (end) => {
        const decision = decideOn(end);
        expect(afterDecision(decision).kind === 'run').toBe(decision.kind === 'retry');
      }),
    );
    // @ts-expect-error facts without what was seen do not compile
    const blind: Facts = { ...factsOf(aTask(6, 3), [recordOf(1, anyEnd)], anyEnd), seen: undefined };
    expect(() => decide(blind)).toThrow();
  });

  it('a context reason never runs on the same inputs, neither by itself nor by a bare answer', () => {
    const context = REASON_NAMES.filter((reason) => REASONS[reason].class === 'context');
    fc.assert(
      fc.property(anEnd(fc.constantFrom(...context)), (end) => {
        const decision = decideOn(end);
        expect(decision.kind).not.toBe('retry');
        if (decision.kind !== 'ask' || !decision.ask) return;
        const question = { id: 'q1', ...decision.ask, owner: 'somebody', askedAt: new Date(START_MS).toISOString() };
        expect(readAnswer({ choice: 'retry' }, question, undefined)).toMatchObject({ ok: false });
        expect(readAnswer('retry', question, undefined)).toMatchObject({ ok: false });
        const told = readAnswer({ choice: 'retry', note: 'only the first chapter' }, question, undefined);
        const step = afterDecision(decision);
        if (!told.ok || step.kind !== 'ask') throw new Error('an answer with a note is one');
        const run = afterAnswer(told.value, step, 'answered');
        expect(run.kind === 'run' && run.notes.some((note) => note.includes('only the first chapter'))).toBe(true);
      }),
    );
  });

  it('no order of failures exceeds the ledgers', () => {
    fc.assert(
      fc.property(
        fc.array(anEnd(), { minLength: 1, maxLength: 40 }),
        fc.integer({ min: 1, max: 8 }),
        fc.integer({ min: 1, max: 4 }),
        (ends, runs, perReason) => {
          const task = aTask(runs, perReason);
          const past: (RunRecord & { readonly failure: Failure })[] = [];
          for (const end of ends) {
            past.push(recordOf(past.length + 1, end));
            if (decide(factsOf(task, past, end)).kind !== 'retry') break;
          }
          const ledgers = ledgersOf(past, task.limits);
          expect(ledgers.runs).toBeLessThanOrEqual(runs);
          expect(ledgers.free).toBeLessThanOrEqual(FREE_RUNS);
          for (const count of Object.values(ledgers.perReason)) expect(count).toBeLessThanOrEqual(perReason);
        },
      ),
      { numRuns: 500 },
    );
  });

  it('a person who grants a run lifts the ceilings by that one run, no more', () => {
    fc.assert(
      fc.property(fc.array(anEnd(), { minLength: 1, maxLength: 60 }), fc.integer({ min: 1, max: 4 }), (ends, grants) => {
        const task = aTask(4, 2);
        const past: (RunRecord & { readonly failure: Failure })[] = [];
        let granted = 0;
        for (const end of ends) {
          past.push(recordOf(past.length + 1, end));
          const { kind } = decide(factsOf(task, past, end, { granted }));
          if (kind === 'ask' && granted < grants) granted += 1;
          else if (kind !== 'retry') break;
        }
        expect(ledgersOf(past, task.limits).runs).toBeLessThanOrEqual(4 + granted);
      }),
    );
  });

  it('a decision is plain JSON, says why, waits a finite time, and asks only where it is an ask', () => {
    fc.assert(
      fc.property(anEnd(), (end) => {
        const decision = decideOn(end);
        expect(JSON.parse(JSON.stringify(decision))).toEqual(decision);
        expect(decision.because.length).toBeGreaterThan(10);
        expect(decision.afterMs ?? 0).toBeGreaterThanOrEqual(0);
        expect(decision.afterMs ?? 0).toBeLessThanOrEqual(7 * 86_400_000);
        expect(decision.ask !== undefined).toBe(decision.kind === 'ask');
        expect(decideOn(end)).toEqual(decision);
      }),
    );
  });
});

const anyEnd: End = { reason: 'killed', host: 'a', progress: false, entered: true, commit: 'absent', retryAfterMs: undefined };
