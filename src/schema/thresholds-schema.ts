// The form of `thresholds` in outlive.yaml: when a host, a provider or a credential is held to be ill, and how it comes back.

import type { z } from 'zod';
import { parseDuration } from '../domain/duration.ts';
import { DEFAULT_RULES, type HealthRules } from '../domain/health-rules.ts';
import type { ScopeKind } from '../domain/scope.ts';
import { count, DAY_MS, duration, mapping } from './fields.ts';

/** Durations in milliseconds. */
export interface Thresholds {
  readonly rules: Readonly<Record<ScopeKind, HealthRules>>;
  /** How often a worker reads which incidents are open. */
  readonly lookMs: number;
  /** How often a host checks again a credential that was found to be invalid, and tests itself while it is ill. */
  readonly recheckMs: number;
}

export const DEFAULT_THRESHOLDS: Thresholds = { rules: DEFAULT_RULES, lookMs: 15_000, recheckMs: 60_000 };

const time = duration({ atLeast: 10, atMost: 7 * DAY_MS, words: 'from 10ms to 7d' }).exactOptional();
const common = { tasks: count().exactOptional(), coolDown: time, maxCoolDown: time, canary: time, wave: time };

export const thresholds = mapping(
  {
    host: mapping(common, 'a mapping such as {tasks: 3, coolDown: 5m}').exactOptional(),
    provider: mapping(
      { ...common, window: time, hosts: count().exactOptional() },
      'a mapping such as {tasks: 5, window: 10m, hosts: 2}',
    ).exactOptional(),
    credential: mapping({ ...common, window: time }, 'a mapping such as {tasks: 5, window: 10m}').exactOptional(),
    look: duration({ atLeast: 10, atMost: 60_000, words: 'from 10ms to 1m' }).exactOptional(),
    recheck: duration({ atLeast: 10, atMost: DAY_MS, words: 'from 10ms to 1d' }).exactOptional(),
  },
  'a mapping such as {provider: {tasks: 5, window: 10m, hosts: 2}}',
);

export function thresholdsOf({ host, provider, credential, look, recheck }: z.output<typeof thresholds>): Thresholds {
  return {
    rules: {
      host: rulesOf(host, DEFAULT_RULES.host),
      provider: rulesOf(provider, DEFAULT_RULES.provider),
      credential: rulesOf(credential, DEFAULT_RULES.credential),
    },
    lookMs: ms(look, DEFAULT_THRESHOLDS.lookMs),
    recheckMs: ms(recheck, DEFAULT_THRESHOLDS.recheckMs),
  };
}

interface Given {
  readonly tasks?: number;
  readonly hosts?: number;
  readonly window?: string;
  readonly coolDown?: string;
  readonly maxCoolDown?: string;
  readonly canary?: string;
  readonly wave?: string;
}

function rulesOf(given: Given = {}, byDefault: HealthRules): HealthRules {
  const coolDownMs = ms(given.coolDown, byDefault.coolDownMs);
  return {
    ...byDefault,
    tasks: given.tasks ?? byDefault.tasks,
    hosts: given.hosts ?? byDefault.hosts,
    windowMs: ms(given.window, byDefault.windowMs),
    coolDownMs,
    // One that is longer than the longest is the longest.
    maxCoolDownMs: Math.max(coolDownMs, ms(given.maxCoolDown, byDefault.maxCoolDownMs)),
    canaryMs: ms(given.canary, byDefault.canaryMs),
    waveMs: ms(given.wave, byDefault.waveMs),
  };
}

/** What the form has let through can be read. */
const ms = (value: string | undefined, otherwise: number): number => (value === undefined ? undefined : parseDuration(value)) ?? otherwise;
