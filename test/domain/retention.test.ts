import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { choose, type KeptRun, type RunTrace, type TaskLook, wasDone } from '../../src/domain/retention.ts';

const DAY_MS = 86_400_000;
const NOW = Date.parse('2025-06-30T00:00:00Z');
const TERMS = { doneMs: 7 * DAY_MS, otherMs: 30 * DAY_MS, diskBytes: 1 };

const daysAgo = (days: number): number => NOW - days * DAY_MS;
const done = (days: number): TaskLook => ({ kind: 'closed', done: true, closedAt: daysAgo(days) });
const ended = (days: number): TaskLook => ({ kind: 'closed', done: false, closedAt: daysAgo(days) });
const OPEN: TaskLook = { kind: 'open' };
const FORGOTTEN: TaskLook = { kind: 'forgotten' };
const SILENT: TaskLook = { kind: 'unknown', why: 'no server' };
const CORRUPT: RunTrace = { kind: 'unreadable', evidence: 'the journal cannot be relied on' };
const trace = (kind: 'reported' | 'never_started' | 'unreported'): RunTrace => ({ kind });

type Fate = 'due' | 'spare' | 'stuck' | 'stays';

function fateOf(run: KeptRun): Fate {
  const choice = choose([run], TERMS, NOW);
  return (['due', 'spare', 'stuck'] as const).find((kind) => choice[kind].length > 0) ?? 'stays';
}

describe('what a host drops', () => {
  const table: readonly [string, RunTrace, TaskLook, number, Fate][] = [
    ['a run of a done task goes after a week', trace('reported'), done(7), 8, 'due'],
    ['a run of a done task may go before where the disk is short', trace('reported'), done(6.9), 8, 'spare'],
    ['a run of a task that was not done stays for a month', trace('reported'), ended(29.9), 40, 'spare'],
    ['a run of a task that was not done goes after it', trace('reported'), ended(30), 40, 'due'],
    ['a run of an open task stays, however old', trace('reported'), OPEN, 400, 'stays'],
    ['a run of a task that nobody tells of stays, however old', trace('reported'), SILENT, 400, 'stays'],
    ['a forgotten task counts from the last that is known of the run', trace('reported'), FORGOTTEN, 30, 'due'],
    ['a forgotten task was perhaps not done', trace('reported'), FORGOTTEN, 8, 'spare'],
    ['a time that cannot be read is no reason to drop', trace('reported'), FORGOTTEN, Number.NaN, 'stays'],
    ['a task that closes tomorrow, by the server’s clock, is not over', trace('reported'), done(-1), 0, 'spare'],
    ['a run that nobody was told of needs a person once its task is closed', trace('unreported'), done(400), 400, 'stuck'],
    ['a run that nobody was told of is at work while its task is open', trace('unreported'), OPEN, 1, 'stays'],
    ['a folder that cannot be read needs a person once its task is closed', CORRUPT, done(400), 400, 'stuck'],
    ['a folder that cannot be read is the business of its task while that is open', CORRUPT, OPEN, 1, 'stays'],
    ['a folder without an agent goes with its time', trace('never_started'), ended(30), 30, 'due'],
    ['a folder without an agent is not taken early: its clone may just be made', trace('never_started'), ended(1), 1, 'stays'],
  ];
  it.each(table)('%s', (_sentence, trace, look, newestDays, fate) => {
    expect(fateOf({ trace, look, newest: daysAgo(newestDays) })).toBe(fate);
  });

  it('says why, and what to do', () => {
    const whyOf = (trace: RunTrace, look: TaskLook) => {
      const { due, stuck } = choose([{ trace, look, newest: NOW }], TERMS, NOW);
      return [...due, ...stuck][0]?.why;
    };
    expect(whyOf(trace('reported'), done(8))).toBe('its task was done 8 d ago, and such are kept for 7 d');
    expect(whyOf(trace('reported'), ended(31))).toBe('its task ended without being done 31 d ago, and such are kept for 30 d');
    expect(whyOf(CORRUPT, done(1))).toMatch(/^the journal cannot be relied on\. See whether .* remove it by hand$/);
    expect(whyOf(trace('unreported'), done(1))).toMatch(/restart the worker/);
  });
});

const times = fc.integer({ min: -10, max: 100 }).map(daysAgo);
const looks: fc.Arbitrary<TaskLook> = fc.oneof(
  fc.constantFrom(OPEN, FORGOTTEN, SILENT),
  fc.record({ kind: fc.constant('closed' as const), done: fc.boolean(), closedAt: times }),
);
const traces = fc.constantFrom<RunTrace>(trace('reported'), trace('never_started'), trace('unreported'), CORRUPT);
const runs = fc.array(fc.record({ trace: traces, look: looks, newest: times }), { maxLength: 20 });

describe('whatever lies on a host', () => {
  it('only what is closed and readable, and was told of or never begun, may go', () => {
    fc.assert(
      fc.property(runs, (all) => {
        const { due, spare } = choose(all, TERMS, NOW);
        for (const { run } of [...due, ...spare]) {
          expect(['closed', 'forgotten']).toContain(run.look.kind);
          expect(['reported', 'never_started']).toContain(run.trace.kind);
        }
      }),
    );
  });

  it('each run has one fate at most', () => {
    fc.assert(
      fc.property(runs, (all) => {
        const { due, spare, stuck } = choose(all, TERMS, NOW);
        const named = [...due, ...spare, ...stuck].map(({ run }) => run);
        expect(new Set(named).size).toBe(named.length);
      }),
    );
  });

  it('what goes early goes oldest closed first', () => {
    const closedAt = ({ look, newest }: KeptRun) => (look.kind === 'closed' ? look.closedAt : newest);
    fc.assert(
      fc.property(runs, (all) => {
        const at = choose(all, TERMS, NOW).spare.map(({ run }) => closedAt(run));
        expect(at).toEqual(at.toSorted((one, other) => one - other));
      }),
    );
  });

  it('what is due today is due on every later day', () => {
    fc.assert(
      fc.property(runs, fc.nat(1000), (all, days) => {
        const dueAt = (now: number) => choose(all, TERMS, now).due.map(({ run }) => run);
        expect(dueAt(NOW + days * DAY_MS)).toEqual(expect.arrayContaining(dueAt(NOW)));
      }),
    );
  });
});

describe('a closed task', () => {
  it.each([
    ['that completed was done', 'COMPLETED', {}, true],
    ['that was stopped completed too, and says so in its memo', 'COMPLETED', { result: { state: 'cancelled' } }, false],
    ['whose memo holds other things was done', 'COMPLETED', { title: 'Fix it', result: 'fine' }, true],
    ['that failed was not done', 'FAILED', {}, false],
    ['that was cancelled was not done', 'CANCELLED', undefined, false],
    ['that was terminated was not done', 'TERMINATED', {}, false],
  ])('%s', (_sentence, status, memo, expected) => expect(wasDone(status, memo)).toBe(expected));
});
