// Reading what an entity is sent and what its memo says: a person in the Web UI and another version write there too.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { WELL } from '../../src/domain/health.ts';
import { readAdmitAsk, readHealth, readReport } from '../../src/domain/health-form.ts';
import { DEFAULT_RULES } from '../../src/domain/health-rules.ts';
import { reported, wellWith } from '../../src/domain/health-state.ts';

const rules = DEFAULT_RULES.provider;
const event = { task: 'a', run: 1, host: 'h1', atMs: 1, verdict: 'strike', cause: 'provider_fails', evidence: '503' } as const;
const report = { rules, events: [event] };

/** The same with one thing in it replaced, wherever that is. */
const spoilt = (value: unknown): fc.Arbitrary<unknown> => {
  const paths: (string | number)[][] = [];
  const walk = (node: unknown, path: (string | number)[]) => {
    if (path.length > 0) paths.push(path);
    if (typeof node === 'object' && node !== null) for (const [key, child] of Object.entries(node)) walk(child, [...path, key]);
  };
  walk(value, []);
  return fc.tuple(fc.constantFrom(...paths), fc.jsonValue()).map(([path, other]) => {
    const copy = structuredClone(value) as Record<string | number, unknown>;
    let at = copy;
    for (const key of path.slice(0, -1)) at = at[key] as Record<string | number, unknown>;
    at[path.at(-1) as string] = other;
    // As it comes over the wire, which knows no -0.
    return JSON.parse(JSON.stringify(copy));
  });
};

describe('a report', () => {
  it('is what it says', () => {
    expect(readReport(report)).toEqual({ ok: true, value: report });
    expect(readReport(JSON.parse(JSON.stringify(report)))).toEqual({ ok: true, value: report });
  });

  it('loses what nobody knows, and the rest of words that are too long', () => {
    const read = readReport({ rules, events: [{ ...event, colour: 'red', evidence: 'x'.repeat(900) }] });
    expect(read.ok && read.value.events[0]).toEqual({ ...event, evidence: expect.stringMatching(/^x{100,199}…$/) });
  });

  it.each([
    ['nothing', undefined],
    ['a word', 'ill'],
    ['no rules', { events: [] }],
    ['a rule that is no number', { rules: { ...rules, tasks: 'many' }, events: [] }],
    ['a strike without its cause', { rules, events: [{ ...event, cause: undefined }] }],
    ['a cause from nowhere', { rules, events: [{ ...event, cause: 'toString' }] }],
    ['a verdict from nowhere', { rules, events: [{ ...event, verdict: 'constructor' }] }],
    ['a time beyond all times', { rules, events: [{ ...event, atMs: 1e300 }] }],
    ['too many at once', { rules, events: Array.from({ length: 1001 }, () => event) }],
  ])('that is %s is refused with the form that was expected', (_, sent) => {
    expect(readReport(sent)).toEqual({ ok: false, problem: expect.stringMatching(/report/) });
  });

  it('never breaks the entity, whatever a part of it is', () => {
    fc.assert(
      fc.property(fc.oneof(spoilt(report), fc.anything()), (sent) => {
        const read = readReport(sent);
        if (!read.ok) return;
        const health = reported(wellWith(rules), read.value.rules, read.value.events);
        expect(readHealth(JSON.parse(JSON.stringify(health)))).toEqual(health);
      }),
      { numRuns: 500 },
    );
  });
});

describe('who asks whether it may start', () => {
  it('names its task and its run', () => {
    expect(readAdmitAsk({ task: 'a', run: 1 })).toEqual({ ok: true, value: { task: 'a', run: 1 } });
    for (const sent of [undefined, {}, { task: 'a' }, { task: 'a', run: -1 }, { task: 1, run: 1 }])
      expect(readAdmitAsk(sent).ok).toBe(false);
  });
});

describe('what a memo says', () => {
  const five = ['a', 'b', 'c', 'd', 'e'].map((task, n) => ({ ...event, task, host: `h${n % 2}` }));
  const ill = reported(wellWith(rules), rules, five);
  const pause = { by: 'ana', why: 'maintenance', since: '2026-03-01T10:00:00.000Z' };

  it('is the health that was written', () => {
    expect(ill.breaker.phase).toBe('open');
    for (const health of [wellWith(rules), ill, { ...ill, told: 'web-team' }, { breaker: WELL, rules, paused: pause }])
      expect(readHealth(JSON.parse(JSON.stringify(health)))).toEqual(health);
  });

  it('is nothing where any part of it is of another form', () => {
    fc.assert(
      fc.property(fc.oneof(spoilt(ill), fc.anything()), (sent) => {
        const health = readHealth(sent);
        // Whatever was let through is safe to go on with.
        if (health) expect(() => reported(health, rules, five)).not.toThrow();
      }),
      { numRuns: 500 },
    );
  });
});
