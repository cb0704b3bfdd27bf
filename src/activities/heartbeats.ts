// The heartbeats of a run. Each is an RPC of its own that the server answers (only so a cancel is learnt at once, and a
// host knows that it is heard), and one through the SDK, whose local timer knows nothing of the RPC (guide: two of them, always).

import { activityInfo, Context } from '@temporalio/activity';
import { ActivityCancelledError, ActivityNotFoundError, ActivityPausedError, ActivityResetError, type Client } from '@temporalio/client';
import type { EndedBy, Heartbeat } from '../domain/run.ts';

const ANSWER_MS = 3000;

export interface Heartbeats {
  /** Resolves when the server has answered once: no agent starts before. Rejects with the signal's reason where the run is not wanted any more. */
  readonly answered: Promise<void>;
  /** Aborted when the run has to end; `reason` is its EndedBy. */
  readonly signal: AbortSignal;
  /** What the next heartbeat says. */
  enter(phase: Heartbeat['phase'], pid?: number): void;
  /** Resolves once none is on its way any more, within 3 s: closing the connection under one that is tried again takes the whole worker down. */
  stop(): Promise<void>;
}

export function startHeartbeats(client: Client, first: Heartbeat, heartbeatMs: number): Heartbeats {
  const context = Context.current();
  const token = activityInfo().taskToken;
  const ending = new AbortController();
  let resolve: () => void = () => {};
  let reject: (error: RunNotWanted) => void = () => {};
  const answered = new Promise<void>((heard, refused) => {
    resolve = heard;
    reject = refused;
  });
  let beat = first;
  let stopped = false;
  let heard = false;
  let onItsWay: Promise<void> = Promise.resolve();

  const end = (cause: EndedBy) => {
    if (!ending.signal.aborted) ending.abort(cause);
    reject(new RunNotWanted(cause));
  };
  const beatOnce = async () => {
    try {
      await client.withDeadline(Date.now() + ANSWER_MS, () => client.activity.heartbeat(token, beat));
      heard = true;
      resolve();
    } catch (error) {
      const cause = causeOf(error);
      if (cause) end(cause);
    }
  };
  const send = () => {
    onItsWay = beatOnce();
    return onItsWay;
  };
  const loop = async () => {
    await send();
    for (;;) {
      // Nothing starts before the first answer, so that one is asked for more often.
      const pauseMs = heard ? heartbeatMs / 3 : Math.min(1000, heartbeatMs / 3);
      await new Promise((wake) => setTimeout(wake, pauseMs).unref());
      if (stopped) return;
      // The SDK's own timer is not due before this: a run of seconds costs the server one heartbeat, not two.
      context.heartbeat(beat);
      await send();
    }
  };

  context.cancellationSignal.addEventListener('abort', () => end(causeOfCancellation(context)), { once: true });
  if (context.cancellationSignal.aborted) end(causeOfCancellation(context));
  answered.catch(() => {});
  void loop();
  return {
    answered,
    signal: ending.signal,
    enter: (phase, pid) => {
      beat = { ...beat, phase, ...(pid === undefined ? {} : { pid }) };
    },
    stop: () => {
      stopped = true;
      return onItsWay;
    },
  };
}

/** The server or the worker has taken the run back before it could start. */
export class RunNotWanted extends Error {
  override readonly name = 'RunNotWanted';
  readonly endedBy: EndedBy;
  constructor(cause: EndedBy) {
    super(`the run is not wanted any more (${cause})`);
    this.endedBy = cause;
  }
}

/** What an unanswered or refused heartbeat says; undefined where the server simply could not be reached. */
function causeOf(error: unknown): EndedBy | undefined {
  if (error instanceof ActivityCancelledError) return 'cancel';
  if (error instanceof ActivityPausedError || error instanceof ActivityResetError) return 'drain';
  if (error instanceof ActivityNotFoundError) return 'lease';
  return undefined;
}

function causeOfCancellation(context: Context): EndedBy {
  const details = context.cancellationDetails;
  if (details?.cancelRequested) return 'cancel';
  if (details?.workerShutdown || details?.paused || details?.reset) return 'drain';
  return 'lease';
}
