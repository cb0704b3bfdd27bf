// Which hosts take runs of a pool, as far as the server can say.

import type { Client } from '@temporalio/client';
import { hostOfIdentity, poolQueue } from '../domain/names.ts';

const ASK_MS = 5000;

/** The server keeps the dead for minutes, so it is a preference, no proof; undefined where nobody answered. */
export async function hostsOfPool(client: Client, pool: string): Promise<string[] | undefined> {
  try {
    const { namespace } = client.options;
    const asked = { namespace, taskQueue: { name: poolQueue(pool) }, taskQueueType: 2 };
    const described = await client.withDeadline(Date.now() + ASK_MS, () => client.workflowService.describeTaskQueue(asked));
    const hosts = (described.pollers ?? []).map((poller) => hostOfIdentity(poller.identity ?? ''));
    return [...new Set(hosts.filter((host) => host !== undefined))];
  } catch {
    return undefined;
  }
}
