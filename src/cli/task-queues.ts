// What the server knows of the queues that activities go through: who polls one, and whether a person has paused it. A
// pause is the server's own rate limit of nothing a second, so it holds for workers of every version.

import { isGrpcServiceError } from '@temporalio/client';
import { optionalTsToMs } from '@temporalio/common/lib/time.js';
import proto, { type temporal } from '@temporalio/proto';
import type { Connected } from '../connection.ts';
import type { Wish } from '../domain/host.ts';
import { CliError } from './errors.ts';

const ACTIVITY = proto.temporal.api.enums.v1.TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY;
const GRPC_UNIMPLEMENTED = 12;

/** `since` is an ISO time. */
export interface Paused extends Wish {
  readonly since: string;
}

/** A poller is remembered for some minutes after it is gone; an open poll counts from its begin. */
export interface QueueSeen {
  readonly pollers: readonly { readonly identity: string; readonly lastSeenMs: number }[];
  readonly paused?: Paused;
}

type Server = Pick<Connected, 'connection' | 'namespace' | 'address'>;

export async function seeQueue({ connection, namespace }: Server, name: string): Promise<QueueSeen> {
  const { pollers, config } = await connection.workflowService.describeTaskQueue({
    namespace,
    taskQueue: { name },
    taskQueueType: ACTIVITY,
    reportConfig: true,
  });
  const paused = pausedBy(config);
  return {
    pollers: pollers.map(({ identity, lastAccessTime }) => ({
      identity: identity ?? '',
      lastSeenMs: optionalTsToMs(lastAccessTime) ?? 0,
    })),
    ...(paused && { paused }),
  };
}

/** Any other limit is an operator's own, and no pause. */
function pausedBy(config: temporal.api.taskqueue.v1.ITaskQueueConfig | null | undefined): Paused | undefined {
  const { rateLimit, metadata } = config?.queueRateLimit ?? {};
  if (!rateLimit || rateLimit.requestsPerSecond) return undefined;
  const since = new Date(optionalTsToMs(metadata?.updateTime) ?? 0).toISOString();
  return { by: metadata?.updateIdentity || 'somebody', why: metadata?.reason || 'no reason given', since };
}

/** Throws CliError `server_too_old`. */
export async function pauseQueue(server: Server, name: string, wish: Wish): Promise<Paused> {
  const paused = pausedBy(await limitQueue(server, name, wish, { requestsPerSecond: 0 }));
  if (!paused) throw new Error(`the server took the pause of ${name} and does not report it`);
  return paused;
}

/** Takes any limit away. Throws CliError `server_too_old`. */
export async function freeQueue(server: Server, name: string, wish: Wish): Promise<void> {
  await limitQueue(server, name, wish);
}

async function limitQueue(server: Server, taskQueue: string, { by, why }: Wish, rateLimit?: temporal.api.taskqueue.v1.IRateLimit) {
  const { connection, namespace } = server;
  try {
    const { config } = await connection.workflowService.updateTaskQueueConfig({
      namespace,
      taskQueue,
      taskQueueType: ACTIVITY,
      identity: by,
      updateQueueRateLimit: { reason: why, ...(rateLimit && { rateLimit }) },
    });
    return config;
  } catch (error) {
    throw isGrpcServiceError(error) && error.code === GRPC_UNIMPLEMENTED ? await tooOld(server) : error;
  }
}

async function tooOld({ connection, address }: Server): Promise<CliError> {
  const { serverVersion } = await connection.workflowService.getSystemInfo({});
  return new CliError(
    'server_too_old',
    `The Temporal server at ${address} is ${serverVersion || 'of an unknown version'} and cannot pause a queue: that takes 1.29 or newer. Nothing was changed. Take hosts out instead: outlive drain HOST.`,
  );
}
