// The never-rules of the breaker, over whole lives of what happens to a scope.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Cause } from '../../src/domain/blame.ts';
import { ejected } from '../../src/domain/ejection.ts';
import { type Admission, admit, type Breaker, nextTickMs, record, roomLeft, tick, WELL } from '../../src/domain/health.ts';
import { DEFAULT_RULES, type HealthEvent, type HealthRules } from '../../src/domain/health-rules.ts';
import { incidentOf } from '../../src/domain/health-state.ts';
import { SCOPE_KINDS } from '../../src/domain/scope.ts';

type Happening =
  | { readonly kind: 'event'; readonly event: Omit<HealthEvent, 'atMs'> }
  | { readonly kind: 'asks'; readonly task: string; readonly run: number }
  | { readonly kind: 'time'; readonly ms: number };

const TASKS = ['a', 'b', 'c', 'd', 'e', 'f', 'g'] as const;
const HOSTS = ['h1', 'h2', 'h3'] as const;
const causes: Readonly<Record<(typeof SCOPE_KINDS)[number], readonly Cause[]>> = {
  host: ['host_fails'],
  provider: ['provider_fails'],
  credential: ['credential_invalid', 'quota_exhausted', 'rate_limited'],
};

const happeningOn = (kind: (typeof SCOPE_KINDS)[number]): fc.Arbitrary<Happening> =>
  fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({
        kind: fc.constant('event' as const),
        event: fc
          .record({
            task: fc.constantFrom(...TASKS),
            run: fc.integer({ min: 1, max: 3 }),
            host: fc.constantFrom(...HOSTS),
            verdict: fc.constantFrom(
              'strike',
              'strike',
              'strike',
              'good',
              'bad',
              'neutral',
              'answered',
              'acquitted',
              'well',
              'ill',
              'gone',
            ),
            cause: fc.constantFrom(...causes[kind]),
          } as const)
          .map(({ cause, ...event }) => (event.verdict === 'strike' ? { ...event, cause } : event)),
      }),
    },
    {
      weight: 4,
      arbitrary: fc.record({ kind: fc.constant('asks' as const), task: fc.constantFrom(...TASKS), run: fc.integer({ min: 1, max: 3 }) }),
    },
    { weight: 3, arbitrary: fc.record({ kind: fc.constant('time' as const), ms: fc.integer({ min: 0, max: 40 * 60_000 }) }) },
  );

const life = fc
  .constantFrom(...SCOPE_KINDS)
  .chain((kind) => fc.record({ rules: fc.constant(DEFAULT_RULES[kind]), happenings: fc.array(happeningOn(kind), { maxLength: 120 }) }));

interface Moment {
  readonly nowMs: number;
  readonly before: Breaker;
  readonly after: Breaker;
  readonly answer?: Admission;
}

const START_MS = Date.parse('2026-03-01T10:00:00.000Z');

function live(rules: HealthRules, happenings: readonly Happening[], pass: (breaker: Breaker) => Breaker = (same) => same): Moment[] {
  let nowMs = START_MS;
  let breaker: Breaker = WELL;
  return happenings.map((happening) => {
    const before = breaker;
    if (happening.kind === 'time') nowMs += happening.ms;
    breaker = tick(pass(breaker), nowMs, rules);
    let answer: Admission | undefined;
    if (happening.kind === 'event') breaker = record(breaker, { ...happening.event, atMs: nowMs }, rules);
    if (happening.kind === 'asks') ({ breaker, answer } = admit(breaker, happening, nowMs, rules));
    return { nowMs, before, after: breaker, ...(answer ? { answer } : {}) };
  });
}

const json = (breaker: Breaker): Breaker => JSON.parse(JSON.stringify(breaker)) as Breaker;

describe('a breaker, whatever happens to it,', () => {
  it('lives the same life when it is written down as JSON and read again at every step', () => {
    fc.assert(
      fc.property(life, ({ rules, happenings }) => {
        expect(live(rules, happenings, json)).toEqual(live(rules, happenings));
      }),
    );
  });

  it('does not flap: what has opened more than once stays so for its cool-down, and nobody tries it before', () => {
    fc.assert(
      fc.property(life, ({ rules, happenings }) => {
        // What takes the blame away ends an incident at once, and rightly so.
        const blamed = happenings.filter(
          (one) => one.kind !== 'event' || (one.event.verdict !== 'acquitted' && one.event.verdict !== 'gone'),
        );
        let opened: { readonly atMs: number; readonly openings: number } | undefined;
        for (const { before, after, nowMs } of live(rules, blamed)) {
          const isOpening = after.phase === 'open' && (before.phase !== 'open' || before.untilMs !== after.untilMs);
          const isLeaving = before.phase === 'open' && after.phase !== 'open';
          if (opened && (after.phase === 'half_open' || opened.openings > 1) && (isLeaving || isOpening))
            expect(nowMs - opened.atMs).toBeGreaterThanOrEqual(rules.coolDownMs);
          if (isOpening) {
            expect(after.untilMs - nowMs).toBeGreaterThanOrEqual(rules.coolDownMs);
            expect(after.untilMs - nowMs).toBeLessThanOrEqual(rules.maxCoolDownMs);
            opened = { atMs: nowMs, openings: after.cooled.openings };
          }
        }
      }),
    );
  });

  it('never lets more runs through than its wave has room for, and none while it is open', () => {
    fc.assert(
      fc.property(life, ({ rules, happenings }) => {
        for (const { after, answer } of live(rules, happenings)) {
          if (after.phase === 'half_open') expect(after.wave.slots.length).toBeLessThanOrEqual(Math.min(1024, 2 ** after.wave.n));
          if (after.phase === 'open' && answer) expect(answer.admitted).toBe(false);
          expect(roomLeft(after) ?? 0).toBeGreaterThanOrEqual(0);
        }
      }),
    );
  });

  it('never loses a slot: half open, with nothing more to be heard, somebody may pass in the end', () => {
    fc.assert(
      fc.property(life, ({ rules, happenings }) => {
        const last = live(rules, happenings).at(-1);
        if (last?.after.phase !== 'half_open') return;
        let breaker: Breaker = last.after;
        // Time goes on to whatever is due next; it must come to an end, and there must be room at it.
        for (let steps = 0; steps < 100; steps += 1) {
          const next = nextTickMs(breaker, rules);
          if (next === undefined) break;
          breaker = tick(breaker, next, rules);
        }
        expect(roomLeft(breaker) ?? 1).toBeGreaterThan(0);
      }),
    );
  });

  it('names a host with the value that is not valid, or with another one, and never as both', () => {
    fc.assert(
      fc.property(life, ({ rules, happenings }) => {
        for (const { after } of live(rules, happenings)) {
          const incident = incidentOf(after);
          const others = incident?.others ?? [];
          expect(others.filter((host) => incident?.hosts.includes(host))).toEqual([]);
          expect(new Set(others).size).toBe(others.length);
        }
      }),
    );
  });

  it('never convicts for one task alone, but where one word proves it', () => {
    fc.assert(
      fc.property(life, fc.constantFrom(...TASKS), ({ rules, happenings }, only) => {
        const alone = happenings.map((one) => (one.kind === 'event' ? { ...one, event: { ...one.event, task: only } } : one));
        for (const { after } of live(rules, alone))
          if (after.phase === 'open') expect(['credential_invalid', 'quota_exhausted']).toContain(after.incident.cause);
      }),
    );
  });

  it('changes by time only when it said so', () => {
    fc.assert(
      fc.property(life, fc.integer({ min: 0, max: 7_200_000 }), ({ rules, happenings }, later) => {
        const last = live(rules, happenings).at(-1);
        if (!last) return;
        const due = nextTickMs(last.after, rules);
        const nowMs = last.nowMs + later;
        if (due === undefined || nowMs < due) expect(tick(last.after, nowMs, rules)).toBe(last.after);
        else expect(tick(last.after, nowMs, rules)).not.toBe(last.after);
      }),
    );
  });

  it('is nobody out of turn: the cap on hosts is never passed, and the last host never goes', () => {
    const convicted = fc.uniqueArray(fc.record({ host: fc.string(), sinceMs: fc.nat() }), { selector: ({ host }) => host });
    fc.assert(
      fc.property(convicted, fc.nat({ max: 20 }), (some, more) => {
        const out = ejected(some, some.length + more);
        const hosts = some.length + more;
        expect(out.size).toBeLessThanOrEqual(hosts / 2);
        if (hosts > 0) expect(out.size).toBeLessThan(hosts);
        expect(ejected(some.toReversed(), hosts)).toEqual(out);
      }),
    );
  });
});
