// The janitor of a worker: a sweep of its host at the start and every hour, told by the server which tasks are closed.

import { type Client, WorkflowNotFoundError } from '@temporalio/client';
import { type TaskLook, type Terms, wasDone } from './domain/retention.ts';
import { sayError } from './domain/say-error.ts';
import { saySize } from './domain/size.ts';
import { count } from './domain/story.ts';
import type { Swept } from './host/janitor/sweep.ts';
import { sweepHost } from './host/janitor.ts';
import type { Log } from './log.ts';

const EVERY_MS = 3_600_000;
/** Shorter than the wait for the end: no call is on its way when the connection is closed. */
const CALL_MS = 2500;
/** A git command may take minutes. What it is at is finished by the next sweep where this process ends before. */
const STOP_MS = 3000;

export interface JanitorSettings {
  /** The host's state folder. */
  readonly state: string;
  readonly client: Client;
  readonly retention: Terms;
  readonly log: Log;
  /** Between two sweeps, give or take a quarter. */
  readonly everyMs?: number;
}

export interface Janitor {
  /** Sweeps now; where a sweep is under way, gives what that one comes to. Rejects where the state folder cannot be read. */
  sweep(): Promise<Swept>;
  /** Begins nothing new; resolves once the sweep is over, or after 3 s. */
  stop(): Promise<void>;
}

export function startJanitor({ state, client, retention, log, everyMs = EVERY_MS }: JanitorSettings): Janitor {
  const stopping = new AbortController();
  const ask = (workflowId: string) => lookAtTask(client, workflowId);
  let underWay: Promise<Swept> | undefined;
  let timer: NodeJS.Timeout | undefined;
  const sweepOnce = async (): Promise<Swept> => {
    const swept = await sweepHost({ state, terms: retention, now: Date.now(), ask, signal: stopping.signal });
    sayInLog(log, swept);
    return swept;
  };
  const sweep = (): Promise<Swept> => {
    underWay ??= sweepOnce().finally(() => {
      underWay = undefined;
    });
    return underWay;
  };
  const rounds = async () => {
    await sweep().catch((error) => log.error({ state, error: String(error) }, 'the janitor could not sweep; it tries again'));
    if (!stopping.signal.aborted) timer = setTimeout(rounds, everyMs * (0.75 + Math.random() / 2)).unref();
  };
  void rounds();
  return {
    sweep,
    stop: async () => {
      stopping.abort();
      clearTimeout(timer);
      await Promise.race([underWay?.catch(() => undefined), new Promise((over) => setTimeout(over, STOP_MS).unref())]);
    },
  };
}

/** The newest execution under this id decides: a reset ends one and begins another, and both are the same task. */
async function lookAtTask(client: Client, workflowId: string): Promise<TaskLook> {
  try {
    const { status, closeTime, memo } = await client.withDeadline(Date.now() + CALL_MS, () =>
      client.workflow.getHandle(workflowId).describe(),
    );
    return closeTime ? { kind: 'closed', done: wasDone(status.name, memo), closedAt: closeTime.getTime() } : { kind: 'open' };
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return { kind: 'forgotten' };
    return { kind: 'unknown', why: `${workflowId}: ${sayError(error)}` };
  }
}

/** A line of a log has its limits. */
const SHOWN = 20;

function sayInLog(log: Log, { dropped, kept, caches, freedBytes }: Swept): void {
  const isNews = dropped.length + kept.length + caches.length > 0;
  const some = { dropped: dropped.slice(0, SHOWN), kept: kept.slice(0, SHOWN), caches, freedBytes };
  const words = `${count(dropped.length, 'run')} and ${count(caches.length, 'cache')} dropped, ${saySize(freedBytes)} freed, ${kept.length} kept that a person should see to`;
  log[isNews ? 'info' : 'debug'](some, `janitor: ${words}`);
}
