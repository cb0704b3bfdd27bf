// How a module agent says why its run failed, in a word of the closed table (docs/failures.md).

import type { Reason } from './failure.ts';
import type { Usage } from './run.ts';

export interface RunFailureDetails {
  /** How long to wait before another run, in milliseconds. */
  readonly retryAfterMs?: number;
  /** When a quota is reset: an ISO time with offset, or epoch milliseconds. */
  readonly resetsAt?: string | number;
  readonly note?: string;
  readonly usage?: Usage;
}

const BRAND = Symbol.for('outlive.RunFailure');

/** Thrown by a module agent: the run ends with this reason, and Outlive does what that reason calls for. */
export class RunFailure extends Error {
  override readonly name = 'RunFailure';
  readonly reason: Reason;
  readonly details: RunFailureDetails;
  // A module may have another copy of this class than the program that calls it.
  readonly [BRAND] = true;

  constructor(reason: Reason, details: RunFailureDetails = {}) {
    super(details.note ?? reason);
    this.reason = reason;
    this.details = details;
  }
}

export const isRunFailure = (error: unknown): error is RunFailure =>
  typeof error === 'object' && error !== null && (error as { readonly [BRAND]?: unknown })[BRAND] === true;
