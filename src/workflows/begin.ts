// The first recorded step: validate and normalise the spec, look at the world. As a local activity it costs one event;
// a look that takes longer than a few seconds runs again as a normal one.

import { ActivityFailure, ApplicationFailure, isCancellation, proxyActivities, proxyLocalActivities } from '@temporalio/workflow';
import type { Begun, ControlActivities } from '../domain/contract.ts';
import { failureType } from '../domain/failure.ts';
import type { TaskSpec } from '../domain/task.ts';

const INVALID = failureType('invalid_request');

const local = proxyLocalActivities<Pick<ControlActivities, 'begin'>>({
  startToCloseTimeout: '5s',
  scheduleToCloseTimeout: '6s',
  retry: { maximumAttempts: 1 },
});
const normal = proxyActivities<Pick<ControlActivities, 'begin'>>({
  startToCloseTimeout: '2m',
  retry: { maximumInterval: '1m', nonRetryableErrorTypes: [INVALID] },
});

export async function begin(spec: TaskSpec): Promise<Begun> {
  try {
    return await local.begin(spec);
  } catch (error) {
    if (isCancellation(error)) throw error;
    const invalid = asInvalid(error);
    if (invalid) throw invalid;
  }
  try {
    return await normal.begin(spec);
  } catch (error) {
    throw asInvalid(error) ?? error;
  }
}

/** The workflow's own failure says what is wrong, instead of "Activity task failed". A local activity's failure comes without its wrapping. */
function asInvalid(error: unknown): ApplicationFailure | undefined {
  const cause = error instanceof ActivityFailure ? error.cause : error;
  if (!(cause instanceof ApplicationFailure) || cause.type !== INVALID) return undefined;
  return ApplicationFailure.create({ type: INVALID, message: cause.message, nonRetryable: true, details: cause.details ?? [] });
}
