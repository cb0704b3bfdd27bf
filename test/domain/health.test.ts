import { describe, expect, it } from 'vitest';
import { admit, type Breaker, record, roomLeft, tick, WELL } from '../../src/domain/health.ts';
import { DEFAULT_RULES, type HealthEvent, type HealthRules } from '../../src/domain/health-rules.ts';
import { incidentOf } from '../../src/domain/health-state.ts';

const MINUTE = 60_000;
const NOW = Date.parse('2026-03-01T10:00:00.000Z');

const strike = (task: string, host = 'h1', more: Partial<HealthEvent> = {}): HealthEvent => ({
  task,
  run: 1,
  host,
  atMs: NOW,
  verdict: 'strike',
  cause: 'provider_fails',
  evidence: '529',
  ...more,
});
const good = (task: string, more: Partial<HealthEvent> = {}): HealthEvent => ({
  task,
  run: 1,
  host: 'h1',
  atMs: NOW,
  verdict: 'good',
  ...more,
});
const broken = (rules: HealthRules, ...events: readonly HealthEvent[]): Breaker =>
  events.reduce((breaker, event) => record(breaker, event, rules), WELL);
const tasks = (count: number): string[] => Array.from({ length: count }, (_, index) => `t${index + 1}`);

const provider = DEFAULT_RULES.provider;
const host = DEFAULT_RULES.host;
const credential = DEFAULT_RULES.credential;
const hostStrike = (task: string, more: Partial<HealthEvent> = {}) =>
  strike(task, 'h1', { cause: 'host_fails', evidence: 'SIGKILL', ...more });

/** Open since NOW by five tasks on two hosts. */
const open = (): Breaker => broken(provider, ...tasks(5).map((task, index) => strike(task, `h${(index % 2) + 1}`)));
const halfOpen = (): Breaker => tick(open(), NOW + MINUTE, provider);

describe('a provider', () => {
  it('is held to be down after five tasks on two hosts, and its incident says which, where and what', () => {
    expect(open()).toMatchObject({
      phase: 'open',
      untilMs: NOW + MINUTE,
      incident: { cause: 'provider_fails', count: 5, tasks: tasks(5), hosts: ['h1', 'h2'], evidence: ['529'], sinceMs: NOW, tries: 0 },
    });
  });

  it.each<[string, readonly HealthEvent[]]>([
    ['four tasks', tasks(4).map((task, index) => strike(task, `h${index}`))],
    ['one task five times on five hosts', [1, 2, 3, 4, 5].map((n) => strike('t', `h${n}`, { run: n }))],
    ['five tasks on one host of several', tasks(5).map((task) => strike(task))],
    [
      'five tasks, the first of them eleven minutes ago',
      tasks(5).map((task, n) => strike(task, `h${n}`, { atMs: NOW - (n === 0 ? 11 * MINUTE : 0) })),
    ],
    [
      'five tasks, and as many that went well at the same time',
      [...tasks(4).map((task, n) => strike(task, `h${n}`)), ...tasks(5).map((t) => good(`good-${t}`)), strike('t5', 'h5')],
    ],
  ])('is not for %s', (_, events) => {
    expect(broken(provider, ...events).phase).toBe('closed');
  });

  it('is where there is only one host to see it from', () => {
    expect(broken(provider, ...tasks(5).map((task) => strike(task, 'h1', { isOnlyHost: true }))).phase).toBe('open');
  });

  it('lets one run try it after the cool-down, and the others wait for what becomes of it', () => {
    const first = admit(halfOpen(), { task: 'a', run: 2 }, NOW + MINUTE, provider);
    expect(first.answer).toEqual({ admitted: true, slot: true });
    expect(admit(first.breaker, { task: 'b', run: 1 }, NOW + MINUTE, provider).answer).toMatchObject({ admitted: false });
    // The answer may have been lost on the way.
    expect(admit(first.breaker, { task: 'a', run: 2 }, NOW + MINUTE, provider)).toEqual({
      breaker: first.breaker,
      answer: { admitted: true, slot: true },
    });
  });

  it.each(['good', 'answered'] as const)(
    'goes on in waves of 2, 4 … after a canary that is %s, until a wave finds too few takers',
    (verdict) => {
      let breaker = admit(halfOpen(), { task: 'a', run: 2 }, NOW + MINUTE, provider).breaker;
      breaker = record(breaker, { ...good('a'), run: 2, verdict, atMs: NOW + MINUTE }, provider);
      expect(roomLeft(breaker)).toBe(2);
      for (const task of ['b', 'c']) breaker = admit(breaker, { task, run: 1 }, NOW + MINUTE, provider).breaker;
      for (const task of ['b', 'c']) breaker = record(breaker, { ...good(task), verdict, atMs: NOW + MINUTE }, provider);
      expect(roomLeft(breaker)).toBe(4);
      breaker = admit(breaker, { task: 'd', run: 1 }, NOW + MINUTE, provider).breaker;
      expect(tick(breaker, NOW + 2 * MINUTE - 1, provider)).toBe(breaker);
      expect(tick(breaker, NOW + 2 * MINUTE, provider).phase).toBe('closed');
    },
  );

  it('does not wait for a wave that says nothing longer than its time', () => {
    let breaker = admit(halfOpen(), { task: 'a', run: 2 }, NOW + MINUTE, provider).breaker;
    breaker = record(breaker, { ...good('a'), run: 2, atMs: NOW + MINUTE }, provider);
    for (const task of ['b', 'c']) breaker = admit(breaker, { task, run: 1 }, NOW + MINUTE, provider).breaker;
    expect(roomLeft(breaker)).toBe(0);
    expect(roomLeft(tick(breaker, NOW + 2 * MINUTE, provider))).toBe(4);
  });

  it('cools down for twice as long after a canary that fails, in the same incident', () => {
    const { breaker } = admit(halfOpen(), { task: 'a', run: 2 }, NOW + MINUTE, provider);
    const again = record(breaker, strike('a', 'h1', { run: 2, atMs: NOW + 90_000, evidence: '503' }), provider);
    expect(again).toMatchObject({
      phase: 'open',
      untilMs: NOW + 90_000 + 2 * MINUTE,
      incident: { sinceMs: NOW, tries: 1, evidence: ['529', '503'] },
    });
  });

  it('gives the slot of a canary that said nothing about it to another one, and so with one that was never heard of again', () => {
    const { breaker } = admit(halfOpen(), { task: 'a', run: 2 }, NOW + MINUTE, provider);
    expect(roomLeft(breaker)).toBe(0);
    expect(roomLeft(record(breaker, { ...good('a'), run: 2, verdict: 'neutral' }, provider))).toBe(1);
    expect(roomLeft(tick(breaker, NOW + 11 * MINUTE, provider))).toBe(1);
  });

  it('takes nothing from runs that had begun before: only who holds a slot is a canary', () => {
    const { breaker } = admit(halfOpen(), { task: 'a', run: 2 }, NOW + MINUTE, provider);
    expect(record(breaker, strike('z', 'h2', { atMs: NOW + MINUTE }), provider)).toBe(breaker);
    expect(record(breaker, good('z'), provider)).toBe(breaker);
  });
});

describe('a host', () => {
  it('is convicted by three tasks in a row, and by none of them twice', () => {
    expect(broken(host, ...tasks(3).map((task) => hostStrike(task))).phase).toBe('open');
    expect(broken(host, hostStrike('a'), hostStrike('b'), hostStrike('b', { run: 2 })).phase).toBe('closed');
  });

  it('is not where a run between went well, or one of the tasks died elsewhere too', () => {
    expect(broken(host, hostStrike('a'), hostStrike('b'), good('c'), hostStrike('d')).phase).toBe('closed');
    expect(broken(host, hostStrike('a'), hostStrike('b'), { ...good('a'), verdict: 'acquitted' }, hostStrike('c')).phase).toBe('closed');
  });

  it('comes back by its self-test and one good run, and not before its cool-down', () => {
    const ill = broken(host, ...tasks(3).map((task) => hostStrike(task)));
    const tested = (atMs: number): HealthEvent => ({ task: '', run: 0, host: 'h1', atMs, verdict: 'well' });
    expect(tick(ill, NOW + 6 * MINUTE, host)).toBe(ill);
    expect(record(ill, tested(NOW + MINUTE), host)).toBe(ill);
    const half = record(ill, tested(NOW + 6 * MINUTE), host);
    expect(half.phase).toBe('half_open');
    const { breaker } = admit(half, { task: 'x', run: 1 }, NOW + 6 * MINUTE, host);
    expect(record(breaker, good('x', { atMs: NOW + 7 * MINUTE }), host).phase).toBe('closed');
    expect(record(breaker, hostStrike('x', { atMs: NOW + 7 * MINUTE }), host)).toMatchObject({ phase: 'open', incident: { tries: 1 } });
  });

  it('is let go when the tasks that convicted it turn out to die everywhere', () => {
    const ill = broken(host, ...tasks(3).map((task) => hostStrike(task)));
    const acquitted = tasks(3).reduce((breaker, task) => record(breaker, { ...good(task), verdict: 'acquitted' }, host), ill);
    expect(acquitted.phase).toBe('closed');
  });
});

describe('a credential', () => {
  const invalid = (on: string): HealthEvent => strike('a', on, { cause: 'credential_invalid', evidence: 'GET /v1/models answers 401' });
  const seen = (verdict: HealthEvent['verdict'], on: string, atMs = NOW): HealthEvent => ({ task: '', run: 0, host: on, atMs, verdict });

  it('is convicted by one check, waits for no cool-down, and is well as soon as a check says so', () => {
    const ill = broken(credential, invalid('h1'));
    expect(ill.phase).toBe('open');
    expect(tick(ill, NOW + 600 * MINUTE, credential)).toBe(ill);
    expect(record(ill, seen('ill', 'h1'), credential)).toBe(ill);
    expect(record(ill, seen('ill', 'h2'), credential)).toMatchObject({ incident: { hosts: ['h1', 'h2'], count: 1 } });
    expect(record(ill, seen('well', 'h1'), credential).phase).toBe('closed');
  });

  it('is over when the last host has another value, host by host', () => {
    const ill = broken(credential, invalid('h1'), invalid('h2'));
    const left = record(ill, seen('gone', 'h1'), credential);
    expect(left).toMatchObject({ phase: 'open', incident: { hosts: ['h2'] } });
    expect(record(left, seen('gone', 'h1'), credential)).toBe(left);
    expect(record(left, seen('gone', 'h2'), credential).phase).toBe('closed');
  });

  it('is not over while the last of many hosts has the value', () => {
    const hosts = Array.from({ length: 40 }, (_, n) => `h${n}`);
    const ill = hosts.reduce((so, host) => record(so, seen('ill', host), credential), broken(credential, invalid('h0')));
    const left = hosts.slice(1).reduce((so, host) => record(so, seen('gone', host), credential), ill);
    expect(left).toMatchObject({ phase: 'open', incident: { hosts: ['h0'] } });
    expect(record(left, seen('gone', 'h0'), credential).phase).toBe('closed');
  });

  it('names the hosts that have another value, which may let runs in, until they have this one', () => {
    const ill = broken(credential, invalid('h1'));
    const other = record(ill, seen('gone', 'h2'), credential);
    expect(other).toMatchObject({ phase: 'open', incident: { hosts: ['h1'], others: ['h2'] } });
    expect(record(other, seen('gone', 'h2'), credential)).toBe(other);
    expect(record(other, seen('ill', 'h2'), credential)).toMatchObject({ incident: { hosts: ['h1', 'h2'], others: [] } });
    const many = Array.from({ length: 80 }, (_, n) => seen('gone', `other-${n}`)).reduce((so, one) => record(so, one, credential), other);
    expect(many).toMatchObject({ phase: 'open', incident: { hosts: ['h1'] } });
    expect(incidentOf(many)?.others).toHaveLength(50);
    expect(record(many, seen('gone', 'h1'), credential).phase).toBe('closed');
  });

  it('opens for a quota without a reset at once, and for rate limits when five tasks meet them', () => {
    expect(broken(credential, strike('a', 'h1', { cause: 'quota_exhausted' })).phase).toBe('open');
    const limited = (task: string) => strike(task, 'h1', { cause: 'rate_limited' });
    expect(broken(credential, ...tasks(4).map(limited)).phase).toBe('closed');
    expect(broken(credential, ...tasks(5).map(limited)).phase).toBe('open');
  });

  it('never mixes causes', () => {
    const mixed = [
      ...tasks(4).map((task) => strike(task, 'h1', { cause: 'rate_limited' })),
      strike('t5', 'h1', { cause: 'provider_fails' }),
    ];
    expect(broken(credential, ...mixed).phase).toBe('closed');
  });
});
