// A few numbers that say how many others lie.

export interface Spread {
  readonly p50: number;
  readonly p95: number;
  readonly max: number;
}

/** Zeros where there is no value. */
export function spreadOf(values: readonly number[]): Spread {
  const sorted = [...values].sort((one, other) => one - other);
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0;
  return { p50: at(0.5), p95: at(0.95), max: at(1) };
}
