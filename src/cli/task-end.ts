// How a closed task ended, read from its close event: that needs no worker.

import { TerminatedFailure, TimeoutFailure, type WorkflowHandle } from '@temporalio/client';
import type { TaskResult } from '../domain/contract.ts';

export interface TaskEnd {
  readonly state: TaskResult['state'];
  readonly because: string;
  /** Missing where the workflow was ended from outside, so that it could not say what it took. */
  readonly result?: TaskResult;
}

/** Waits for the end where it has not come yet. Throws only what the connection throws. */
export async function taskEnd(handle: WorkflowHandle): Promise<TaskEnd> {
  try {
    return endFrom(await handle.result());
  } catch (error) {
    const end = endOfFailure(error);
    if (!end) throw error;
    // A cancelled workflow can give nothing back, so it leaves its result in the memo.
    return !end.result ? { ...end, ...resultIn((await handle.describe()).memo) } : end;
  }
}

/** What a cancelled task left in its memo. */
export function resultIn(memo: Readonly<Record<string, unknown>> | undefined): Partial<TaskEnd> {
  const result = memo?.['result'];
  return isResult(result) ? { state: result.state, because: result.because, result } : {};
}

function endFrom(value: unknown): TaskEnd {
  if (isResult(value)) return { state: value.state, because: value.because, result: value };
  return { state: 'done', because: 'the workflow completed without a result' };
}

function endOfFailure(error: unknown): TaskEnd | undefined {
  if (!(error instanceof Error) || error.name !== 'WorkflowFailedError') return undefined;
  const causes = chain(error.cause);
  const result = causes.flatMap((cause) => ('details' in cause && Array.isArray(cause.details) ? cause.details : [])).find(isResult);
  if (result) return { state: result.state, because: result.because, result };
  const [cause] = causes;
  const words = cause?.message ?? error.message;
  if (cause instanceof TerminatedFailure) return { state: 'cancelled', because: `terminated from outside: ${words}` };
  if (cause instanceof TimeoutFailure) return { state: 'failed', because: words };
  return { state: cause?.name === 'CancelledFailure' ? 'cancelled' : 'failed', because: words };
}

function chain(error: unknown): readonly Error[] {
  return error instanceof Error ? [error, ...chain(error.cause)] : [];
}

function isResult(value: unknown): value is TaskResult {
  return typeof value === 'object' && value !== null && 'state' in value && 'because' in value && 'runs' in value;
}
