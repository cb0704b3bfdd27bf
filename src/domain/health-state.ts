// What the entity of a scope keeps beside its breaker: who holds it shut by hand, and who was told. Each holds for itself:
// a person, a drain and an incident do not lift each other's (DESIGN §4).

import { CAUSES } from './blame.ts';
import { type Admission, admit, type Breaker, nextTickMs, record, room, roomLeft, tick, WELL } from './health.ts';
import type { HealthEvent, HealthRules } from './health-rules.ts';
import type { Incident } from './incident.ts';

/** Who holds it shut, why, and since when (ISO time). */
export interface Pause {
  readonly by: string;
  readonly why: string;
  readonly since: string;
}

/** JSON-clean; in the entity's memo for everybody to read. */
export interface Health {
  readonly breaker: Breaker;
  /** Of whoever reported last. */
  readonly rules: HealthRules;
  /** By `outlive incidents open`. */
  readonly paused?: Pause;
  /** Of the incident that is open: in words, who was told, or why nobody was. */
  readonly told?: string;
}

export const wellWith = (rules: HealthRules): Health => ({ breaker: WELL, rules });

/** The very same object where nothing changes. */
export function reported(health: Health, rules: HealthRules, events: readonly HealthEvent[]): Health {
  const ruled = sameRules(health.rules, rules) ? health : { ...health, rules };
  return events.reduce((so, event) => withBreaker(so, record(so.breaker, event, rules)), ruled);
}

const sameRules = (a: HealthRules, b: HealthRules): boolean => JSON.stringify(a) === JSON.stringify(b);

export const ticked = (health: Health, nowMs: number): Health => withBreaker(health, tick(health.breaker, nowMs, health.rules));

export const dueMs = ({ breaker, rules }: Health): number | undefined => nextTickMs(breaker, rules);

/** A person beats the breaker: it stays shut until a person takes that back. */
export const paused = (health: Health, pause: Pause): Health => (health.paused ? health : { ...health, paused: pause });

/** A person beats the breaker: whatever it counted is forgotten. */
export function closedByHand({ rules }: Health): Health {
  return wellWith(rules);
}

/** Nobody passes what a person holds shut. */
export function admitted(
  health: Health,
  run: { readonly task: string; readonly run: number },
  nowMs: number,
): { readonly health: Health; readonly answer: Admission } {
  if (health.paused) return { health, answer: { admitted: false, because: sayPaused(health.paused), retryMs: 0 } };
  const { breaker, answer } = admit(health.breaker, run, nowMs, health.rules);
  return { health: withBreaker(health, breaker), answer };
}

function withBreaker(health: Health, breaker: Breaker): Health {
  if (breaker === health.breaker) return health;
  const { told, ...rest } = health;
  // What was told is about one incident.
  const isSame = told !== undefined && incidentOf(breaker)?.sinceMs === incidentOf(health.breaker)?.sinceMs;
  return { ...rest, breaker, ...(isSame ? { told } : {}) };
}

/** Who has passed in a wave is of no use to anybody else, and would be written anew for each of a thousand. */
export function withoutPassed(health: Health): Health {
  const { breaker } = health;
  if (breaker.phase !== 'half_open' || breaker.wave.n === 0) return health;
  return { ...health, breaker: { ...breaker, wave: { ...breaker.wave, slots: [] } } };
}

export const incidentOf = (breaker: Breaker): Incident | undefined => (breaker.phase === 'closed' ? undefined : breaker.incident);

/** How many may pass now: undefined where everybody may. */
export const roomOf = ({ paused, breaker }: Health): number | undefined => (paused ? 0 : roomLeft(breaker));

export const sayPaused = ({ by, why }: Pause): string => `${by} holds it shut: ${why}`;

/** What happens next, in words. */
export function sayNext({ breaker, paused: pause }: Health): string {
  if (pause) return 'nothing until a person takes it back';
  if (breaker.phase === 'closed') return 'nothing is held up';
  if (breaker.phase === 'half_open') {
    const { n, slots } = breaker.wave;
    return n === 0
      ? `one run tries it (${slots.length === 0 ? 'none has come yet' : 'it is under way'})`
      : `wave ${n} of the release, of up to ${room(breaker.wave)} runs, and the next one when the model has answered them`;
  }
  switch (CAUSES[breaker.incident.cause].recovery) {
    case 'check':
      return 'the credential is checked again and again on its hosts; it is over when it is valid, or another';
    case 'self_test':
      return `its self-test from ${sayTime(breaker.untilMs)} on, then one run`;
    case 'canary':
      return `one run tries it from ${sayTime(breaker.untilMs)} on`;
    case 'person':
      return 'nothing until a person takes it back';
  }
}

export const sayTime = (ms: number): string => `${new Date(ms).toISOString().slice(0, 19)}Z`;
