// Counts a history: its events, and the billable actions among them, as Temporal Cloud bills them (heartbeats apart).
import type { Client } from '@temporalio/client';
import proto from '@temporalio/proto';

const { EventType } = proto.temporal.api.enums.v1;
type History = Awaited<ReturnType<ReturnType<Client['workflow']['getHandle']>['fetchHistory']>>;

export interface Cost {
  readonly events: number;
  readonly actions: number;
}

/** Each is one action: the start, an activity's start, a local activity's marker, a timer, a signal, an update, an upsert. */
const BILLED: ReadonlySet<number> = new Set([
  EventType.EVENT_TYPE_WORKFLOW_EXECUTION_STARTED,
  EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED,
  EventType.EVENT_TYPE_MARKER_RECORDED,
  EventType.EVENT_TYPE_TIMER_STARTED,
  EventType.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED,
  EventType.EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_ACCEPTED,
  EventType.EVENT_TYPE_UPSERT_WORKFLOW_SEARCH_ATTRIBUTES,
]);

export function costOf(history: History): Cost {
  const events = history.events ?? [];
  return { events: events.length, actions: events.filter(({ eventType }) => BILLED.has(eventType ?? 0)).length };
}
