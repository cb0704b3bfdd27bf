// The heartbeats of a run. Each is an RPC of its own that the server answers (only so a cancel is learnt at once, and a
// host knows that it is heard), and one through the SDK, whose local timer knows nothing of the RPC (two of them, always:
// RPCs alone let the SDK declare the activity dead and drop its result). An answer renews the run's lease.

import { activityInfo, Context } from '@temporalio/activity';
import { ActivityCancelledError, ActivityNotFoundError, ActivityPausedError, ActivityResetError, type Client } from '@temporalio/client';
import type { Heartbeat } from '../domain/run.ts';
import { leaseClock } from '../host/lease.ts';

/** How long an answer may take: a busy server is slow, and one that takes longer counts as silent. */
const answerMs = (heartbeatMs: number): number => Math.max(3000, Math.min(heartbeatMs / 3, 15_000));
/** What lives that long is told of at once when its phase changes: people look at it. A shorter run costs no beat more. */
const TELL_MS = 1000;

/**
 * Why a run is taken from the activity that answers for it. `cancel`: it has to end. `detach`: another activity of this host takes
 * it up again (the worker stops, an operator paused or reset the activity). `disowned`: the server does not know this activity any more.
 */
export type Taken = 'cancel' | 'detach' | 'disowned';

export interface Heartbeats {
  /** Resolves when the server has answered once: no agent starts before. Rejects with RunTaken where the run is not wanted any more. */
  readonly answered: Promise<void>;
  /** Aborted when the run is taken away; `reason` is a Taken. */
  readonly signal: AbortSignal;
  /** What the next heartbeat says. */
  enter(phase: Heartbeat['phase'], pid?: number): void;
  /** End of the lease, on the lease's clock. */
  leaseUntil(): number;
  /** Breaks off what is on its way, and resolves once nothing is any more: closing the connection under one that is tried again takes the whole worker down. */
  stop(): Promise<void>;
}

interface Beating {
  readonly client: Client;
  readonly first: Heartbeat;
  readonly heartbeatMs: number;
  readonly leaseMs: number;
  /** Aborted when another activity of this worker wants the run. */
  readonly wanted: AbortSignal;
  /** The lease goes on until then, on the lease's clock. */
  readonly onRenewed: (until: number) => void;
}

export function startHeartbeats({ client, first, heartbeatMs, leaseMs, wanted, onRenewed }: Beating): Heartbeats {
  const context = Context.current();
  const token = activityInfo().taskToken;
  const taken = new AbortController();
  const { promise: answered, resolve, reject } = deferred();
  let beat = first;
  let stopped = false;
  let heard = false;
  let until = leaseClock();
  let onItsWay: Promise<void> = Promise.resolve();
  const asking = new Set<AbortController>();
  const ask = () => client.withDeadline(Date.now() + answerMs(heartbeatMs), () => client.activity.heartbeat(token, beat));

  const take = (why: Taken) => {
    if (!taken.signal.aborted) taken.abort(why);
    reject(new RunTaken(why));
  };
  const beatOnce = async () => {
    // The server may have answered late: the lease counts from the question.
    const askedAt = leaseClock();
    // One each: the client leaves its listener on a signal that lives longer than the call.
    const call = new AbortController();
    asking.add(call);
    try {
      await client.withAbortSignal(call.signal, ask);
      heard = true;
      until = askedAt + leaseMs / 1000;
      onRenewed(until);
      resolve();
    } catch (error) {
      const why = whyTaken(error);
      if (why) take(why);
    } finally {
      asking.delete(call);
    }
  };
  const send = () => {
    const beaten = beatOnce();
    onItsWay = onItsWay.then(() => beaten);
    return beaten;
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

  listenOnce(context.cancellationSignal, () => take(whyCancelled(context)));
  listenOnce(wanted, () => take('detach'));
  answered.catch(() => {});
  void loop();
  return {
    answered,
    signal: taken.signal,
    enter: (phase, pid) => {
      beat = { ...beat, phase, ...(pid === undefined ? {} : { pid }) };
      setTimeout(() => stopped || beat.phase !== phase || void send(), TELL_MS).unref();
    },
    leaseUntil: () => until,
    stop: () => {
      stopped = true;
      for (const call of asking) call.abort();
      return onItsWay;
    },
  };
}

function deferred(): { readonly promise: Promise<void>; resolve(): void; reject(error: RunTaken): void } {
  let resolve: () => void = () => {};
  let reject: (error: RunTaken) => void = () => {};
  const promise = new Promise<void>((heard, refused) => {
    resolve = heard;
    reject = refused;
  });
  return { promise, resolve, reject };
}

function listenOnce(signal: AbortSignal, call: () => void): void {
  if (signal.aborted) call();
  else signal.addEventListener('abort', call, { once: true });
}

/** The server or the worker has taken the run away from this activity. */
export class RunTaken extends Error {
  override readonly name = 'RunTaken';
  readonly why: Taken;
  constructor(why: Taken) {
    super(`the run is taken away from this activity (${why})`);
    this.why = why;
  }
}

/** What a refused heartbeat says; undefined where the server simply could not be reached. */
function whyTaken(error: unknown): Taken | undefined {
  if (error instanceof ActivityCancelledError) return 'cancel';
  if (error instanceof ActivityPausedError || error instanceof ActivityResetError) return 'detach';
  if (error instanceof ActivityNotFoundError) return 'disowned';
  return undefined;
}

function whyCancelled(context: Context): Taken {
  const details = context.cancellationDetails;
  if (details?.cancelRequested) return 'cancel';
  if (details?.workerShutdown || details?.paused || details?.reset) return 'detach';
  return 'disowned';
}
