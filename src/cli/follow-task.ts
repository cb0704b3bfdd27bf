// Waiting for a task until it ends or asks. The end comes by itself over a long poll; whether it asks must be asked.

import { setTimeout as sleep } from 'node:timers/promises';
import type { WorkflowHandle } from '@temporalio/client';
import type { Connected } from '../connection.ts';
import type { Question } from '../domain/question.ts';
import { askTask } from './read-task.ts';
import { type TaskEnd, taskEnd } from './task-end.ts';

export type Followed =
  | { readonly kind: 'ended'; readonly end: TaskEnd }
  | { readonly kind: 'asking'; readonly question: Question }
  | { readonly kind: 'timed_out' };

export interface Following {
  readonly timeoutMs?: number;
  /** Told once why the task cannot be asked, should that be so. */
  readonly onSilent: (why: string) => void;
}

const FIRST_LOOK_MS = 250;
/** Each look is one query, which a hosted server bills. */
const SLOWEST_LOOK_MS = 5000;

export async function followTask(server: Connected, handle: WorkflowHandle, following: Following): Promise<Followed> {
  const over = new AbortController();
  try {
    return await Promise.race([
      untilEnd(server, handle, over.signal),
      untilQuestion(server, handle, following, over.signal),
      ...(following.timeoutMs === undefined ? [] : [sleep(following.timeoutMs, { kind: 'timed_out' } as const, { signal: over.signal })]),
    ]);
  } finally {
    over.abort();
  }
}

async function untilEnd({ client }: Connected, handle: WorkflowHandle, signal: AbortSignal): Promise<Followed> {
  return { kind: 'ended', end: await client.withAbortSignal(signal, () => taskEnd(handle)) };
}

async function untilQuestion(server: Connected, handle: WorkflowHandle, { onSilent }: Following, signal: AbortSignal): Promise<Followed> {
  let told = false;
  for (let waitMs = FIRST_LOOK_MS; ; waitMs = Math.min(SLOWEST_LOOK_MS, waitMs * 2)) {
    const { status, silent } = await askTask(server, handle);
    if (status?.question) return { kind: 'asking', question: status.question };
    if (silent !== undefined && !told && !signal.aborted) onSilent(silent);
    told ||= silent !== undefined;
    await sleep(waitMs, undefined, { signal });
  }
}
