// An update to a workflow, sent again where it got lost on the server. Since server 1.27 an update is given up, and not kept, when
// the workflow task that has it fails before it is accepted (temporal#7296); one that cancels an activity which ends in the
// very same moment makes it fail (UnhandledCommand). Nothing has happened then, so it is sent again, under the same id.

import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { isGrpcServiceError, ServiceError, type WorkflowHandle } from '@temporalio/client';

/** About 5 s in all: a workflow whose tasks fail for longer than that fails for another reason. */
const PAUSES_MS = [20, 50, 100, 200, 400, 800, 1600, 1600];
const GRPC_FAILED_PRECONDITION = 9;

/** Resolves with the update's answer. Throws what `executeUpdate` throws, of the last time. */
export async function sendUpdate<Answer, Asked>(handle: WorkflowHandle, name: string, asked: Asked): Promise<Answer> {
  const updateId = randomUUID();
  const send = () => handle.executeUpdate<Answer, [Asked]>(name, { args: [asked], updateId });
  for (const pause of PAUSES_MS) {
    try {
      return await send();
    } catch (error) {
      if (!isLost(error)) throw error;
      await sleep(pause);
    }
  }
  return send();
}

const isLost = (error: unknown): boolean =>
  error instanceof ServiceError && isGrpcServiceError(error.cause) && error.cause.code === GRPC_FAILED_PRECONDITION;
