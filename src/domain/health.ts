// The breaker of one scope (DESIGN §4): closed → open → half_open → closed. A serialisable value and pure functions of it, given
// `nowMs`. It counts distinct tasks: at a few runs an hour a rate means nothing, and one that fails everywhere says nothing
// about where. Half open, a first run passes on a leased slot, then waves of 2, 4, 8 …, until one finds too few takers.

import { CAUSES, type Cause } from './blame.ts';
import type { HealthEvent, HealthRules } from './health-rules.ts';
import { type Incident, incidentFrom, withMet, withOther } from './incident.ts';

/** The cause that one report alone proves, or that no count could make surer. */
const AT_ONCE: ReadonlySet<Cause> = new Set<Cause>(['credential_invalid', 'quota_exhausted']);

interface Strike {
  readonly task: string;
  readonly host: string;
  readonly cause: Cause;
  readonly atMs: number;
  readonly evidence: string;
  readonly isOnlyHost?: true;
}

interface Slot {
  readonly task: string;
  readonly run: number;
  readonly untilMs: number;
  readonly isGood: boolean;
}

/** The n-th wave, the first is the canary, 0; 2^n may pass, at most 1024. */
export interface Wave {
  readonly n: number;
  readonly sinceMs: number;
  readonly slots: readonly Slot[];
}

interface Seen {
  readonly strikes: readonly Strike[];
  /** When the newest good ends of distinct tasks came; counted only while there are strikes. */
  readonly goods: readonly { readonly task: string; readonly atMs: number }[];
}

export type Breaker =
  | (Seen & { readonly phase: 'closed'; readonly cooled: Cooled })
  | { readonly phase: 'open'; readonly incident: Incident; readonly untilMs: number; readonly cooled: Cooled }
  | { readonly phase: 'half_open'; readonly incident: Incident; readonly wave: Wave; readonly cooled: Cooled };

/** What the next cool-down grows from: openings of late, and when the newest of them was. */
interface Cooled {
  readonly openings: number;
  readonly lastMs: number;
}

export const WELL: Breaker = { phase: 'closed', strikes: [], goods: [], cooled: { openings: 0, lastMs: 0 } };

const MOST_STRIKES = 50;
const MOST_GOODS = 50;

/** The very same object where nothing changes. */
export function record(breaker: Breaker, event: HealthEvent, rules: HealthRules): Breaker {
  switch (breaker.phase) {
    case 'closed':
      return recordClosed(breaker, event, rules);
    case 'open':
      return recordOpen(breaker, event);
    case 'half_open':
      return recordHalfOpen(breaker, event, rules);
  }
}

type Closed = Extract<Breaker, { phase: 'closed' }>;
type Open = Extract<Breaker, { phase: 'open' }>;
type HalfOpen = Extract<Breaker, { phase: 'half_open' }>;

function recordClosed(breaker: Closed, event: HealthEvent, rules: HealthRules): Breaker {
  const { task, host, atMs, verdict, cause, evidence = '', isOnlyHost } = event;
  if (verdict === 'acquitted') return withStrikes(breaker, (strike) => strike.task !== task);
  if (verdict === 'good') return afterGood(breaker, task, atMs, rules);
  if (verdict !== 'strike' || cause === undefined) return breaker;
  const strike: Strike = { task, host, cause, atMs, evidence, ...(isOnlyHost ? { isOnlyHost } : {}) };
  // Distinct tasks: the same one again takes the place of its own strike.
  const recent = breaker.strikes.filter(
    (old) => old.atMs > atMs - rules.windowMs && (old.task !== task || old.host !== host || old.cause !== cause),
  );
  const strikes = [...recent, strike].slice(-MOST_STRIKES);
  const goods = breaker.goods.filter((good) => good.atMs > atMs - rules.windowMs && good.task !== task);
  const alike = strikes.filter((one) => one.cause === cause);
  return convicts(alike, goods.length, rules)
    ? open(breaker.cooled, incidentFrom(alike, atMs), atMs, rules)
    : { ...breaker, strikes, goods };
}

/** One task that fails everywhere is one task; and where as many others went well, it is not shared. */
function convicts(alike: readonly Strike[], goods: number, { tasks, hosts }: HealthRules): boolean {
  const newest = alike.at(-1);
  if (newest && AT_ONCE.has(newest.cause)) return true;
  const distinct = new Set(alike.map((strike) => strike.task)).size;
  const on = new Set(alike.map((strike) => strike.host)).size;
  return distinct >= tasks && (on >= hosts || newest?.isOnlyHost === true) && distinct > goods;
}

function afterGood(breaker: Closed, task: string, atMs: number, { inARow, windowMs }: HealthRules): Closed {
  if (breaker.strikes.length === 0) return breaker;
  if (inARow) return { ...breaker, strikes: [], goods: [] };
  const goods = [...breaker.goods.filter((good) => good.task !== task && good.atMs > atMs - windowMs), { task, atMs }].slice(-MOST_GOODS);
  return { ...breaker, goods };
}

function withStrikes(breaker: Closed, stays: (strike: Strike) => boolean): Closed {
  const strikes = breaker.strikes.filter(stays);
  return strikes.length === breaker.strikes.length ? breaker : { ...breaker, strikes };
}

/** Openings further apart than the longest cool-down have nothing to do with each other. */
function open({ openings: before, lastMs }: Cooled, incident: Incident, nowMs: number, rules: HealthRules): Open {
  const openings = nowMs - lastMs > 2 * rules.maxCoolDownMs ? 1 : before + 1;
  const untilMs = nowMs + Math.min(rules.maxCoolDownMs, rules.coolDownMs * 2 ** Math.min(openings - 1, 20));
  return { phase: 'open', incident, untilMs, cooled: { openings, lastMs: nowMs } };
}

function recordOpen(breaker: Open, event: HealthEvent): Breaker {
  const { incident, untilMs, cooled } = breaker;
  const { task, host, verdict, cause, evidence, atMs } = event;
  if (verdict === 'strike' && cause === incident.cause) {
    return withIncident(breaker, withMet(incident, { task, host, ...(evidence === undefined ? {} : { evidence }) }));
  }
  if (verdict === 'acquitted') return afterAcquittal(breaker, task);
  switch (CAUSES[incident.cause].recovery) {
    case 'check':
      // Put right, it lets everybody in at once; a check that keeps changing its mind has to cool down.
      if (verdict === 'well') return cooled.openings === 1 || atMs >= untilMs ? closed(cooled) : breaker;
      // Another host that has the same value: it is over when the last of them has another.
      if (verdict === 'ill') return withIncident(breaker, withMet(incident, { task: '', host }));
      return verdict === 'gone' ? afterOther(breaker, host) : breaker;
    case 'self_test':
      return verdict === 'well' && atMs >= untilMs ? halfOpen(breaker, atMs) : breaker;
    default:
      return breaker;
  }
}

const withIncident = (breaker: Open, incident: Incident): Open => (incident === breaker.incident ? breaker : { ...breaker, incident });

/** A value that no host has any more lets nobody in and keeps nobody out. */
function afterOther(breaker: Open, host: string): Breaker {
  const incident = withOther(breaker.incident, host);
  return incident.hosts.length === 0 ? closed(breaker.cooled) : withIncident(breaker, incident);
}

/** Of a scope that was convicted by tasks that fail elsewhere too, nothing is left. */
function afterAcquittal(breaker: Open, task: string): Breaker {
  const { tasks, count } = breaker.incident;
  if (!tasks.includes(task)) return breaker;
  const left = tasks.filter((one) => one !== task);
  return left.length === 0 && count <= tasks.length
    ? closed(breaker.cooled)
    : { ...breaker, incident: { ...breaker.incident, tasks: left, count: count - 1 } };
}

const closed = (cooled: Cooled): Closed => ({ phase: 'closed', strikes: [], goods: [], cooled });

const halfOpen = ({ incident, cooled }: Pick<Open, 'incident' | 'cooled'>, nowMs: number): HalfOpen => ({
  phase: 'half_open',
  incident,
  wave: { n: 0, sinceMs: nowMs, slots: [] },
  cooled,
});

function recordHalfOpen(breaker: HalfOpen, event: HealthEvent, rules: HealthRules): Breaker {
  const { incident, wave, cooled } = breaker;
  const { task, run, verdict, atMs, host, evidence } = event;
  // The host's own self-test has failed after all.
  if (verdict === 'ill') return open(cooled, { ...incident, tries: incident.tries + 1 }, atMs, rules);
  const slot = wave.slots.find((one) => one.task === task && one.run === run);
  if (!slot) return breaker;
  switch (verdict) {
    case 'strike':
    case 'bad': {
      const more = withMet(incident, { task, host, ...(evidence === undefined ? {} : { evidence }) });
      return open(cooled, { ...more, tries: incident.tries + 1 }, atMs, rules);
    }
    case 'good':
    case 'answered':
      return afterGoodSlot(breaker, slot, atMs);
    case 'neutral':
    case 'acquitted':
      return { ...breaker, wave: { ...wave, slots: wave.slots.filter((one) => one !== slot) } };
    default:
      return breaker;
  }
}

function afterGoodSlot(breaker: HalfOpen, slot: Slot, nowMs: number): Breaker {
  const { wave } = breaker;
  const slots = wave.slots.map((one) => (one === slot ? { ...one, isGood: true } : one));
  // A host comes back with its first good run: how many it takes is its capacity.
  if (CAUSES[breaker.incident.cause].recovery === 'self_test') return closed(breaker.cooled);
  return slots.length >= room(wave) && slots.every((one) => one.isGood)
    ? nextWave(breaker, nowMs)
    : { ...breaker, wave: { ...wave, slots } };
}

const LARGEST_WAVE = 10;
export const room = ({ n }: Pick<Wave, 'n'>): number => 2 ** Math.min(n, LARGEST_WAVE);
const nextWave = (breaker: HalfOpen, nowMs: number): HalfOpen => ({
  ...breaker,
  wave: { n: breaker.wave.n + 1, sinceMs: nowMs, slots: [] },
});

/** What time alone makes of it. The very same object where nothing is due. */
export function tick(breaker: Breaker, nowMs: number, rules: HealthRules): Breaker {
  if (breaker.phase === 'open')
    return nowMs >= breaker.untilMs && CAUSES[breaker.incident.cause].recovery === 'canary' ? halfOpen(breaker, nowMs) : breaker;
  if (breaker.phase === 'closed') return breaker;
  const { wave } = breaker;
  if (wave.n === 0) {
    // A canary that nobody heard of again is no verdict: another one may go.
    const slots = wave.slots.filter((slot) => slot.isGood || slot.untilMs > nowMs);
    return slots.length === wave.slots.length ? breaker : { ...breaker, wave: { ...wave, slots } };
  }
  if (nowMs < wave.sinceMs + rules.waveMs) return breaker;
  return wave.slots.length < room(wave) ? closed(breaker.cooled) : nextWave(breaker, nowMs);
}

/** When `tick` has something to do next; undefined where only an event can change anything. */
export function nextTickMs(breaker: Breaker, rules: HealthRules): number | undefined {
  if (breaker.phase === 'open') return CAUSES[breaker.incident.cause].recovery === 'canary' ? breaker.untilMs : undefined;
  if (breaker.phase === 'closed') return undefined;
  const { wave } = breaker;
  if (wave.n > 0) return wave.sinceMs + rules.waveMs;
  const leased = wave.slots.filter((slot) => !slot.isGood).map((slot) => slot.untilMs);
  return leased.length > 0 ? Math.min(...leased) : undefined;
}

/** `retryMs`: when it is worth asking again, at the earliest. */
export type Admission =
  | { readonly admitted: true; readonly slot: boolean }
  | { readonly admitted: false; readonly because: string; readonly retryMs: number };

/** May this run start? Half open, it takes a slot; asked twice for the same run, it has the same one. */
export function admit(
  breaker: Breaker,
  run: { readonly task: string; readonly run: number },
  nowMs: number,
  rules: HealthRules,
): { readonly breaker: Breaker; readonly answer: Admission } {
  if (breaker.phase === 'closed') return { breaker, answer: { admitted: true, slot: false } };
  const because = CAUSES[breaker.incident.cause].when;
  if (breaker.phase === 'open') return { breaker, answer: { admitted: false, because, retryMs: Math.max(0, breaker.untilMs - nowMs) } };
  const { wave } = breaker;
  if (wave.slots.some((slot) => slot.task === run.task && slot.run === run.run)) return { breaker, answer: { admitted: true, slot: true } };
  if (wave.slots.length >= room(wave)) {
    const waits = wave.n === 0 ? 'one run tries first whether it is well again' : `wave ${wave.n} of the release is full`;
    return { breaker, answer: { admitted: false, because: `${because}; ${waits}`, retryMs: rules.waveMs } };
  }
  const slot: Slot = { ...run, untilMs: nowMs + (wave.n === 0 ? rules.canaryMs : rules.waveMs), isGood: false };
  return { breaker: { ...breaker, wave: { ...wave, slots: [...wave.slots, slot] } }, answer: { admitted: true, slot: true } };
}

/** How many more may pass now; undefined where everybody may. */
export function roomLeft(breaker: Breaker): number | undefined {
  if (breaker.phase === 'closed') return undefined;
  return breaker.phase === 'open' ? 0 : Math.max(0, room(breaker.wave) - breaker.wave.slots.length);
}
