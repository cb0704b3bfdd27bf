// What a task's history tells of its runs: which were taken up again, where and when.

import type { Client } from '@temporalio/client';
import { tsToMs } from '@temporalio/common/lib/time.js';
import { hostOfIdentity, taskWorkflowId } from '../../src/domain/names.ts';
import type { Absence } from './kept-process.ts';

/** A reattach activity that a worker has taken; `at` in epoch ms. */
export interface TakenUp {
  readonly task: string;
  readonly host: string;
  readonly at: number;
}

export async function takenUpIn(client: Client, task: string): Promise<TakenUp[]> {
  const { events } = await client.workflow.getHandle(taskWorkflowId(task)).fetchHistory();
  const reattaches = new Set(
    (events ?? [])
      .filter((event) => event.activityTaskScheduledEventAttributes?.activityType?.name === 'reattachRun')
      .map((event) => String(event.eventId)),
  );
  return (events ?? []).flatMap(({ eventTime, activityTaskStartedEventAttributes: started }) => {
    const host = hostOfIdentity(started?.identity ?? '');
    if (!started || !host || !reattaches.has(String(started.scheduledEventId))) return [];
    return [{ task, host, at: tsToMs(eventTime) }];
  });
}

/** Milliseconds from the death of a worker, and from the start of the next one, to each run that it took up again. */
export interface Delays {
  readonly fromDeath: readonly number[];
  readonly fromStart: readonly number[];
}

/** A run that is taken up follows the newest absence of its host; frozen workers are no absence, and theirs are left out. */
export function delaysOf(takenUp: readonly TakenUp[], absencesOf: (host: string) => readonly Absence[]): Delays {
  const pairs = takenUp.flatMap(({ host, at }) => {
    const last = absencesOf(host).findLast(({ downAt }) => downAt < at);
    return last?.backAt === undefined || last.backAt > at ? [] : [{ fromDeath: at - last.downAt, fromStart: at - last.backAt }];
  });
  return { fromDeath: pairs.map(({ fromDeath }) => fromDeath), fromStart: pairs.map(({ fromStart }) => fromStart) };
}
