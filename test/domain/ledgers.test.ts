import { describe, expect, it } from 'vitest';
import { breach, FREE_RUNS, ledgersOf } from '../../src/domain/ledgers.ts';
import type { RunRecord } from '../../src/domain/run.ts';
import type { Limits } from '../../src/domain/task.ts';
import { at, failureOf, limitsOf, RUN_MS, runOf, START_MS, sameAgain } from './facts.ts';

const HOUR = 3_600_000;
const killed = (n: number, over: Partial<RunRecord> = {}) => runOf(n, failureOf('killed'), over);
const priced = limitsOf({ costUsd: 10, run: { wallMs: HOUR, stallMs: HOUR, costUsd: 4 } });

describe('the ledgers of a task', () => {
  it('count runs, their time, their cost and their reasons', () => {
    const runs = [
      killed(1, { usage: { costUsd: 1.5 } }),
      killed(2, { usage: { costUsd: 2 } }),
      runOf(3, failureOf('rate_limited'), { usage: { costUsd: 0 } }),
    ];
    expect(ledgersOf(runs, priced)).toEqual({
      runs: 3,
      free: 0,
      wallMs: 3 * RUN_MS,
      costUsd: 3.5,
      perReason: { killed: 2, rate_limited: 1 },
    });
  });

  it('take nothing for a run that never started, but count it', () => {
    expect(ledgersOf([killed(1, { entered: false })], priced)).toEqual({ runs: 0, free: 1, wallMs: 0, costUsd: 0, perReason: {} });
  });

  it('count a run of which nobody knows whether it started', () => {
    const { entered: _, ...silent } = killed(1);
    expect(ledgersOf([silent], priced)).toMatchObject({ runs: 1, free: 0, perReason: { killed: 1 } });
  });

  it('count a run of unknown cost as its cap, and as nothing where there is none', () => {
    expect(ledgersOf([killed(1), killed(2, { usage: { inputTokens: 5 } })], priced).costUsd).toBe(8);
    expect(ledgersOf([killed(1)], limitsOf({})).costUsd).toBe(0);
  });

  it('take no time for a run that has not ended, and none back for clocks that disagree', () => {
    const { endedAt: _, ...living } = killed(1);
    expect(ledgersOf([living, killed(2, { startedAt: at(START_MS + HOUR), endedAt: at(START_MS) })], priced).wallMs).toBe(0);
  });

  it('count a good end as a run of no reason', () => {
    const { failure: _, ...good } = killed(1, { outcome: 'finished' });
    expect(ledgersOf([good], priced)).toMatchObject({ runs: 1, perReason: {} });
  });
});

describe('a ceiling', () => {
  const reached = (runs: readonly RunRecord[], limits: Limits, granted = 0) => breach(ledgersOf(runs, limits), limits, 'killed', granted);
  const times = (count: number, over: Partial<RunRecord> = {}) =>
    sameAgain('killed', Array<string>(count).fill('h1')).map((run) => ({ ...run, ...over }));

  it.each([
    ['of runs', (count: number) => times(count), limitsOf({ runs: 2, perReason: 9 }), 2, 'the limit of 2 runs is used up'],
    ['of one run', (count: number) => times(count), limitsOf({ runs: 1 }), 1, 'the limit of 1 run is used up'],
    [
      'for one reason',
      (count: number) => times(count),
      limitsOf({ perReason: 2 }),
      2,
      '2 runs ended as killed, and the limit for one reason is 2',
    ],
    [
      'of runs that never started',
      (count: number) => times(count, { entered: false }),
      limitsOf({}),
      FREE_RUNS,
      '3 runs could not even start',
    ],
    [
      'of run time',
      (count: number) => times(count, { startedAt: at(START_MS), endedAt: at(START_MS + HOUR) }),
      limitsOf({ wallMs: 2 * HOUR, perReason: 9, run: { wallMs: HOUR, stallMs: HOUR } }),
      2,
      "the task's run time of 2 h is used up",
    ],
    [
      'of cost',
      (count: number) => times(count, { usage: { costUsd: 4 } }),
      { ...priced, costUsd: 8 },
      2,
      "the task's $8 are used up ($8.00 counted)",
    ],
  ])('%s is told when it is reached, not before, and each grant lifts it by one run', (_name, runs, limits, ceiling, said) => {
    expect(reached(runs(ceiling - 1), limits)).toBeUndefined();
    expect(reached(runs(ceiling), limits)).toBe(said);
    expect(reached(runs(ceiling), limits, 1)).toBeUndefined();
    expect(reached(runs(ceiling + 1), limits, 1)).toBeDefined();
    expect(reached(runs(ceiling + 1), limits, 2)).toBeUndefined();
  });

  it('says what people granted beside the limit', () => {
    expect(reached(times(3), limitsOf({ runs: 2, perReason: 9 }), 1)).toBe(
      'the limit of 2 runs (and 1 more that people granted) is used up',
    );
  });

  it('for one reason does not stop another', () => {
    const limits = limitsOf({ perReason: 2 });
    expect(breach(ledgersOf(times(2), limits), limits, 'rate_limited', 0)).toBeUndefined();
  });
});
