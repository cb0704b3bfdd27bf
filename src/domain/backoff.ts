// How long to wait before the next run. A pure value: the same task and run always wait the same time, so that a
// decision that is made again says the same; different tasks wait differently, so that they do not return as one herd.

import type { Failure } from './failure.ts';

/** Plans reset within a week. A longer wait was misread, or is one for a person. */
export const MAX_STATED_WAIT_MS = 8 * 86_400_000;
const MAX_BACKOFF_MS = 30 * 60_000;
/** Of a wait of many hours, nobody needs a tenth more. */
const MAX_SPREAD_MS = 5 * 60_000;

/** Exponential: `firstMs` for the first time, doubled each time, at most half an hour, within ±25 %. */
export function backoffMs(firstMs: number, times: number, seed: string): number {
  const exponential = Math.min(MAX_BACKOFF_MS, firstMs * 2 ** Math.max(0, times - 1));
  return Math.round(exponential * (0.75 + 0.5 * spread(seed)));
}

/** The wait a provider stated, never shorter, longer by at most 10 % and 5 min, so that its tasks do not all come back at once. */
export function statedWaitMs(statedMs: number, seed: string): number {
  const whole = Math.min(MAX_STATED_WAIT_MS, Math.max(0, statedMs));
  // Up: of a fraction of a millisecond nothing would be left to wait, again and again.
  return Math.ceil(whole + Math.min(whole * 0.1, MAX_SPREAD_MS) * spread(seed));
}

const MAX_HOLD_MS = 60 * 60_000;

/** The k-th wait in a row for the end of an incident, the first is 0: doubled each time, at most an hour, within ±25 %. */
export function incidentHoldMs(firstMs: number, k: number, seed: string): number {
  const doubled = Math.min(MAX_HOLD_MS, firstMs * 2 ** Math.min(k, 20));
  return Math.max(1, Math.round(doubled * (0.75 + 0.5 * spread(`${seed}/${k}`))));
}

/** When the provider lets the next run through, in milliseconds since 1970; undefined where it did not say so in a form that can be read. */
export function statedEndMs({ retryAfterMs, resetsAt }: Failure, endedAtMs: number): number | undefined {
  const after = retryAfterMs === undefined ? Number.NaN : endedAtMs + Math.max(0, retryAfterMs);
  const reset = resetsAt === undefined ? Number.NaN : Date.parse(resetsAt);
  return [after, reset].find(Number.isFinite);
}

/** A number in [0, 1) that depends on the seed alone (FNV-1a). */
function spread(seed: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < seed.length; index += 1) hash = Math.imul(hash ^ seed.charCodeAt(index), 0x01000193);
  return (hash >>> 0) / 2 ** 32;
}
