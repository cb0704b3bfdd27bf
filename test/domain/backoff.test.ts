import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { backoffMs, MAX_STATED_WAIT_MS, statedEndMs, statedWaitMs } from '../../src/domain/backoff.ts';
import { failureOf } from './facts.ts';

const SECOND = 1000;
const HOUR = 3_600_000;
const seed = fc.string();

describe('backoff', () => {
  it('doubles with each time, within a quarter, up to half an hour', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 60 }), seed, (times, of) => {
        const exact = Math.min(30 * 60 * SECOND, 30 * SECOND * 2 ** (times - 1));
        expect(backoffMs(30 * SECOND, times, of)).toSatisfy((ms: number) => ms >= 0.75 * exact && ms <= 1.25 * exact);
      }),
    );
  });

  it('is the same for the same task and run, and spreads different ones', () => {
    expect(backoffMs(SECOND, 3, 'fix-login/2')).toBe(backoffMs(SECOND, 3, 'fix-login/2'));
    const waits = Array.from({ length: 100 }, (_, index) => backoffMs(60 * SECOND, 1, `task-${index}/1`));
    expect(new Set(waits.map((ms) => Math.floor(ms / SECOND))).size).toBeGreaterThan(20);
  });
});

describe('a stated wait', () => {
  it('is never shorter than stated, and longer by at most a tenth and five minutes', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: MAX_STATED_WAIT_MS }), seed, (statedMs, of) => {
        const ms = statedWaitMs(statedMs, of);
        expect(ms).toBeGreaterThanOrEqual(statedMs);
        expect(ms).toBeLessThanOrEqual(statedMs + Math.min(0.1 * statedMs, 300 * SECOND) + 1);
      }),
    );
  });

  it.each([-1, Number.NEGATIVE_INFINITY])('of %s is none', (statedMs) => expect(statedWaitMs(statedMs, 'x')).toBe(0));

  it('without end is capped', () => {
    expect(statedWaitMs(Number.POSITIVE_INFINITY, 'x')).toBeLessThanOrEqual(MAX_STATED_WAIT_MS + 300 * SECOND);
  });
});

describe('the end of a stated wait', () => {
  const endedMs = Date.parse('2025-06-01T00:00:00Z');
  it.each([
    ['counts from the end of the run', { retryAfterMs: HOUR }, endedMs + HOUR],
    ['is the reset where only that is stated', { resetsAt: '2025-06-01T03:00:00+02:00' }, endedMs + HOUR],
    ['is the wait where both are stated', { retryAfterMs: SECOND, resetsAt: '2025-06-01T05:00:00Z' }, endedMs + SECOND],
    ['is the reset where the wait is no number', { retryAfterMs: Number.NaN, resetsAt: '2025-06-01T01:00:00Z' }, endedMs + HOUR],
    ['is not before the run ended, for a negative wait', { retryAfterMs: -HOUR }, endedMs],
    ['is unknown where nothing is stated', {}, undefined],
    ['is unknown where the reset cannot be read', { resetsAt: 'soon' }, undefined],
    ['is unknown where the wait has no end', { retryAfterMs: Number.POSITIVE_INFINITY }, undefined],
  ])('%s', (_sentence, stated, expected) => {
    expect(statedEndMs(failureOf('rate_limited', stated), endedMs)).toBe(expected);
  });
});
