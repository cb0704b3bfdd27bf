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
    if (isInvalid(error)) throw asInvalid(error);
  }
  try {
    return await normal.begin(spec);
  } catch (error) {
    throw isInvalid(error) ? asInvalid(error) : error;
  }
}

function isInvalid(error: unknown): error is ActivityFailure & { cause: ApplicationFailure } {
  return error instanceof ActivityFailure && error.cause instanceof ApplicationFailure && error.cause.type === INVALID;
}

/** The workflow's own failure says what is wrong, instead of "Activity task failed". */
function asInvalid({ cause }: ActivityFailure & { cause: ApplicationFailure }): ApplicationFailure {
  return ApplicationFailure.create({ type: INVALID, message: cause.message, nonRetryable: true, details: cause.details ?? [] });
}
