import { describe, expect, it } from 'vitest';
import type { RunStatus, TaskStatus } from '../../src/domain/contract.ts';
import { fleetReport } from '../../src/domain/fleet-report.ts';
import { at, failureOf, runOf, START_MS } from './facts.ts';

const run = (n: number, reason: Parameters<typeof failureOf>[0], kind: string, over: object = {}): RunStatus =>
  ({ ...runOf(n, failureOf(reason), { usage: { costUsd: 1 } }), decision: { kind, because: '' }, ...over }) as RunStatus;
const task = (state: TaskStatus['state'], runs: readonly RunStatus[], over: object = {}): TaskStatus =>
  ({ id: 'x', title: 'x', owner: 'x', state, runs, outputs: [], answers: [], refused: [], ...over }) as TaskStatus;

describe('the report of a fleet', () => {
  it('counts what ended within the span, and nothing that ended before', () => {
    const old = run(1, 'killed', 'retry', { endedAt: at(START_MS - 1000) });
    const { failure: _, ...good } = run(2, 'killed', 'retry', { outcome: 'finished' });
    const { decision: __, ...finished } = good;
    const told = fleetReport(
      [
        task('done', [old, run(1, 'killed', 'retry'), finished], {
          result: { waitedMs: 5000 },
          answers: [{ at: at(START_MS + 1) }, { at: at(0) }],
        }),
        task('done', [run(1, 'crashed_after_output', 'finish')]),
        task('asking', [run(1, 'unclassified', 'ask'), run(2, 'killed', 'retry', { failure: failureOf('killed', { progress: true }) })], {
          question: { askedAt: at(START_MS + 7) },
        }),
        task('held', []),
        task('queued', []),
      ],
      START_MS,
    );
    expect(told).toEqual({
      sinceMs: START_MS,
      tasks: { done: 2, failed: 0, cancelled: 0, asking: 1, held: 1, atWork: 1 },
      runs: {
        ended: 5,
        finished: 1,
        reasons: { 'host.killed': 2, 'post_completion.crashed_after_output': 1, 'unknown.unclassified': 1 },
        ms: 5 * 60_000,
        costUsd: 5,
      },
      decisions: { retry: 2, finish: 1, ask: 1 },
      spared: 1,
      waste: { runs: 2, ms: 2 * 60_000, costUsd: 2 },
      waitedMs: 5000,
      questions: { answered: 1, open: 1, oldest: at(START_MS + 7) },
      unclassified: 0.25,
    });
  });

  it('of nothing is nothing, without a share of nothing', () => {
    expect(fleetReport([], 0)).toMatchObject({ runs: { ended: 0, reasons: {} }, waste: { runs: 0 }, questions: { answered: 0, open: 0 } });
    expect(fleetReport([], 0)).not.toHaveProperty('unclassified');
  });
});
