// When a breaker opens and how it comes back, as numbers; and what it is told.

import type { Cause, Verdict } from './blame.ts';
import type { ScopeKind } from './scope.ts';

/** When a breaker opens, and how it comes back. Durations in milliseconds. */
export interface HealthRules {
  /** So many distinct tasks … */
  readonly tasks: number;
  /** … within this time, on so many hosts, or on the only one that there is. */
  readonly windowMs: number;
  readonly hosts: number;
  /** A good end between clears the row; else good ends are weighed against the others. */
  readonly inARow: boolean;
  /** The first cool-down; doubled each time that it was in vain, up to `maxCoolDownMs`. */
  readonly coolDownMs: number;
  readonly maxCoolDownMs: number;
  /** How long the slot of a canary is leased. */
  readonly canaryMs: number;
  readonly waveMs: number;
}

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

export const DEFAULT_RULES: Readonly<Record<ScopeKind, HealthRules>> = {
  // Its window only forgets what nobody remembers.
  host: {
    tasks: 3,
    windowMs: 24 * HOUR_MS,
    hosts: 1,
    inARow: true,
    coolDownMs: 5 * MINUTE_MS,
    maxCoolDownMs: HOUR_MS,
    canaryMs: HOUR_MS,
    waveMs: MINUTE_MS,
  },
  provider: {
    tasks: 5,
    windowMs: 10 * MINUTE_MS,
    hosts: 2,
    inARow: false,
    coolDownMs: MINUTE_MS,
    maxCoolDownMs: 15 * MINUTE_MS,
    canaryMs: 10 * MINUTE_MS,
    waveMs: MINUTE_MS,
  },
  credential: {
    tasks: 5,
    windowMs: 10 * MINUTE_MS,
    hosts: 1,
    inARow: false,
    coolDownMs: 2 * MINUTE_MS,
    maxCoolDownMs: HOUR_MS,
    canaryMs: 10 * MINUTE_MS,
    waveMs: MINUTE_MS,
  },
};

/** One thing that was seen. `atMs`: when. */
export interface HealthEvent {
  readonly task: string;
  readonly run: number;
  readonly host: string;
  readonly atMs: number;
  /** `answered`: its first answer of the model. `acquitted`: what it was blamed for was not the scope's. `tested`: by check or self-test. `gone`: that host has another value, now or all along. */
  readonly verdict: Verdict['kind'] | 'answered' | 'acquitted' | 'well' | 'ill' | 'gone';
  /** Of a strike. */
  readonly cause?: Cause;
  /** One line. */
  readonly evidence?: string;
  /** It was the only host that could have taken the run. */
  readonly isOnlyHost?: true;
}
