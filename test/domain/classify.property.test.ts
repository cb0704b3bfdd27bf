import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { classify } from '../../src/domain/classify.ts';
import type { Ending, Verdict } from '../../src/domain/ending.ts';
import { REASONS } from '../../src/domain/failure.ts';
import { PROCESS_RULES } from '../../src/domain/process-rules.ts';

const samples = PROCESS_RULES.map((rule) => rule.sample);
const text = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.string({ unit: fc.constantFrom('\\', '"', '{', '\n', '429', ' ', 'limit', 'error', '\u001b[2m', '“', 'retry in 9', 's') }),
  fc.array(fc.oneof(fc.constantFrom(...samples), fc.string()), { maxLength: 6 }).map((lines) => lines.join('\n')),
);
const seconds = fc.oneof(fc.nat(), fc.double());
const may = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined });

/** Anything that a recorder, a supervisor or an agent may have written down, sense or not. */
const ending: fc.Arbitrary<Ending> = fc
  .record({
    agent: may(fc.constantFrom('claude', 'codex', 'gemini', 'none')),
    at: may(fc.oneof(fc.constantFrom('2026-03-01T09:30:00+01:00', 'yesterday'), fc.string())),
    exitCode: may(fc.oneof(fc.integer({ min: -1, max: 300 }), fc.integer())),
    signal: may(fc.oneof(fc.constantFrom('SIGKILL', 'SIGINT', 'SIGTERM'), fc.string())),
    httpStatus: may(fc.oneof(fc.integer({ min: 100, max: 599 }), fc.integer())),
    stdoutTail: may(text),
    stderrTail: may(text),
    tail: may(text),
    endedBy: may(fc.constantFrom('itself', 'wall_limit', 'stall', 'output_limit', 'budget', 'cancel', 'lease', 'drain', 'supervisor_lost')),
    awaitsModel: may(fc.boolean()),
    notStarted: may(fc.record({ code: fc.string(), message: fc.string() })),
    typed: may(
      fc.record(
        {
          outcome: fc.constantFrom('finished', 'failed'),
          reason: fc.oneof(fc.constantFrom(...Object.keys(REASONS), 'constructor', '__proto__'), fc.string()),
          retryAfterMs: seconds,
          resetsAt: fc.string(),
          note: fc.string(),
        },
        { requiredKeys: ['outcome'] },
      ),
    ),
    landed: may(fc.record({ commits: fc.nat(), dirty: fc.nat(), complete: fc.boolean() }, { requiredKeys: ['commits', 'dirty'] })),
    harness: may(fc.record({ timeoutS: seconds, sent: fc.string() })),
    harnessSignal: may(fc.string()),
    durationMs: may(seconds),
    goodEndMissing: may(fc.array(fc.string())),
    redChecks: may(fc.array(fc.string())),
  })
  .map((record) => Object.fromEntries(Object.entries(record).filter(([, value]) => value !== undefined)) as Ending);

const always = (promise: (verdict: Verdict, ending: Ending) => void) =>
  fc.assert(
    fc.property(ending, (one) => {
      promise(classify(one), one);
    }),
    { numRuns: 500 },
  );

describe('whatever a run left behind', () => {
  it('the answer is one of the closed table', () => {
    always((verdict) => {
      if (verdict.reason === 'succeeded') expect(verdict.class).toBe('none');
      else expect(verdict.class).toBe(REASONS[verdict.reason].class);
    });
  });

  it('what nobody can tell is never tried again', () => {
    always((verdict) => {
      if (verdict.class === 'unknown' || verdict.basis === 'none') expect(verdict).toMatchObject({ reason: 'unclassified', retry: false });
    });
  });

  it('no answer is bolder than the table', () => {
    always(({ reason, retry }) => {
      if (reason !== 'succeeded' && retry !== false) expect(retry).toBe(REASONS[reason].retry);
    });
  });

  it('evidence is short, and a reset is a time', () => {
    always(({ evidence, resetsAt }) => {
      for (const { value } of evidence) expect(value.length).toBeLessThanOrEqual(200);
      if (resetsAt !== undefined) expect(resetsAt).toMatch(/Z$/);
    });
  });

  it('an end that Outlive made itself is never called a success', () => {
    always((verdict, { endedBy }) => {
      if (endedBy !== undefined && endedBy !== 'itself') expect(verdict.basis).toBe('supervisor');
    });
  });

  it('the same ending has the same answer', () => {
    always((verdict, one) => expect(classify(structuredClone(one))).toEqual(verdict));
  });
});
