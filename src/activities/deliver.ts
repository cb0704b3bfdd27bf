// Telling the server how a run ended, until it has answered. The SDK gives a result up after some ten seconds of a server
// that is away, and drops it (seen); so the call is made here, and the SDK is told that it is somebody else's.

import { type ApplicationFailure, activityInfo, CompleteAsyncError } from '@temporalio/activity';
import { ActivityCompletionError, ActivityNotFoundError, type Client } from '@temporalio/client';
import type { RunReport } from '../domain/run.ts';
import { sleepUnless } from './sleep-unless.ts';

export type End =
  | { readonly kind: 'finished'; readonly report: RunReport }
  | { readonly kind: 'failed'; readonly failure: ApplicationFailure };

/** `refused`: the server does not know this activity any more. `left`: `signal` was aborted before it answered. */
export type Delivered = 'accepted' | 'refused' | 'left';

const CALL_MS = 5000;
const PAUSE_MS = 1000;

export async function deliver(client: Client, end: End, signal: AbortSignal): Promise<Delivered> {
  const { taskToken } = activityInfo();
  while (!signal.aborted) {
    try {
      await client.withDeadline(Date.now() + CALL_MS, () =>
        end.kind === 'finished' ? client.activity.complete(taskToken, end.report) : client.activity.fail(taskToken, end.failure),
      );
      return 'accepted';
    } catch (error) {
      if (error instanceof ActivityNotFoundError) return 'refused';
      // The client has one error for a server that starts, stops, is busy or is not there.
      if (!(error instanceof ActivityCompletionError)) throw error;
      await sleepUnless(PAUSE_MS, signal);
    }
  }
  return 'left';
}

/** What an activity throws whose end has been delivered, or will be by another one. */
export const delivered = (): CompleteAsyncError => new CompleteAsyncError();
