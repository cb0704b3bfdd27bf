// A task's history as a list of its activities: what was asked for, who took it, how it ended. Local activities too,
// which stand in the history as markers.

import type { LoadedDataConverter } from '@temporalio/common';
import { decodeArrayFromPayloads } from '@temporalio/common/lib/internal-non-workflow/index.js';
import { optionalTsToMs } from '@temporalio/common/lib/time.js';
import type { temporal } from '@temporalio/proto';

/** Times are ISO. `details` of a failed one are what its ApplicationFailure carried. */
export interface ActivityTrace {
  readonly id: string;
  readonly type?: string;
  /** Decodes what it was given. Rejects where that cannot be read. */
  readonly input?: () => Promise<unknown[]>;
  readonly scheduledAt: string;
  readonly startedAt?: string;
  readonly identity?: string;
  readonly endedAt?: string;
  readonly end?:
    | { readonly kind: 'completed'; readonly result: unknown }
    | { readonly kind: 'failed'; readonly type: string; readonly message: string; readonly details: readonly unknown[] }
    | { readonly kind: 'timed_out' }
    | { readonly kind: 'cancelled' };
}

/** `input` is what the workflow was started with. */
export interface Traces {
  readonly input: unknown;
  readonly activities: readonly ActivityTrace[];
}

type HistoryEvent = temporal.api.history.v1.IHistoryEvent;
type Payloads = temporal.api.common.v1.IPayloads | null | undefined;
const LOCAL_ACTIVITY = 'core_local_activity';

export async function tracesOf(events: readonly HistoryEvent[], converter: LoadedDataConverter): Promise<Traces> {
  const decode = (payloads: Payloads) => decodeArrayFromPayloads(converter, payloads?.payloads ?? null);
  const [input] = await decode(events[0]?.workflowExecutionStartedEventAttributes?.input);
  const activities = new Map<string, ActivityTrace>();
  for (const event of events) {
    const change = scheduled(event, decode) ?? started(event) ?? (await ended(event, decode)) ?? (await local(event, decode));
    if (!change) continue;
    const before = activities.get(change.key);
    activities.set(change.key, { ...(before ?? { id: change.key, scheduledAt: atOf(event) }), ...change.trace });
  }
  return { input, activities: [...activities.values()] };
}

interface Change {
  /** The id of the event that asked for the activity. */
  readonly key: string;
  readonly trace: Partial<ActivityTrace>;
}
type Decode = (payloads: Payloads) => Promise<unknown[]>;

function scheduled(event: HistoryEvent, decode: Decode): Change | undefined {
  const asked = event.activityTaskScheduledEventAttributes;
  if (!asked) return undefined;
  const input = () => decode(asked.input);
  return { key: String(event.eventId), trace: { id: asked.activityId ?? '', type: asked.activityType?.name ?? '', input } };
}

function started(event: HistoryEvent): Change | undefined {
  const taken = event.activityTaskStartedEventAttributes;
  return taken ? { key: String(taken.scheduledEventId), trace: { startedAt: atOf(event), identity: taken.identity ?? '' } } : undefined;
}

async function ended(event: HistoryEvent, decode: Decode): Promise<Change | undefined> {
  const endedAt = atOf(event);
  const { activityTaskCompletedEventAttributes: completed, activityTaskFailedEventAttributes: failed } = event;
  if (completed) {
    const [result] = await decode(completed.result);
    return { key: String(completed.scheduledEventId), trace: { endedAt, end: { kind: 'completed', result } } };
  }
  if (failed) {
    const info = failed.failure?.applicationFailureInfo;
    const details = await decode(info?.details);
    const end = { kind: 'failed', type: info?.type ?? '', message: failed.failure?.message ?? '', details } as const;
    return { key: String(failed.scheduledEventId), trace: { endedAt, end } };
  }
  const timedOut = event.activityTaskTimedOutEventAttributes;
  if (timedOut) return { key: String(timedOut.scheduledEventId), trace: { endedAt, end: { kind: 'timed_out' } } };
  const cancelled = event.activityTaskCanceledEventAttributes;
  return cancelled ? { key: String(cancelled.scheduledEventId), trace: { endedAt, end: { kind: 'cancelled' } } } : undefined;
}

async function local(event: HistoryEvent, decode: Decode): Promise<Change | undefined> {
  const marker = event.markerRecordedEventAttributes;
  if (marker?.markerName !== LOCAL_ACTIVITY || !marker.details?.['result']) return undefined;
  const [data] = await decode(marker.details['data']);
  const [result] = await decode(marker.details['result']);
  const id = typeof data === 'object' && data !== null && 'activity_type' in data ? String(data.activity_type) : LOCAL_ACTIVITY;
  return { key: String(event.eventId), trace: { id, endedAt: atOf(event), end: { kind: 'completed', result } } };
}

const atOf = ({ eventTime }: HistoryEvent): string => new Date(optionalTsToMs(eventTime) ?? 0).toISOString();
