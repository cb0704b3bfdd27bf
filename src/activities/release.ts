// Wakes tasks that wait for the end of an incident. A wake only shortens a wait: each task asks again whether it may start,
// and one that is never woken comes by itself. Without the search attribute nobody can be found, and nothing is lost.

import { Context } from '@temporalio/activity';
import type { Released, ReleaseInput } from '../domain/contract.ts';
import { INCIDENT, waitingFor } from '../domain/names.ts';
import type { Deps } from './deps.ts';

/** In flight at once: the server takes some thousand signals a second, and everything else goes on beside. */
const AT_ONCE = 20;
/** The server's list is a little late: who was woken a moment ago may still stand in it. */
const JUST_NOW_MS = 20_000;
const woken = new Map<string, number>();

export async function release({ client, searchAttributes, log }: Deps, { scope, most }: ReleaseInput): Promise<Released> {
  if (!searchAttributes) return { tasks: 0 };
  forgetOld();
  let tasks = 0;
  let batch: Promise<void>[] = [];
  for await (const { workflowId } of client.workflow.list({ query: waitingFor(scope) })) {
    if (most !== undefined && tasks >= most) break;
    if (most !== undefined && woken.has(`${scope} ${workflowId}`)) continue;
    woken.set(`${scope} ${workflowId}`, Date.now());
    tasks += 1;
    // One that has just closed needs nothing.
    batch.push(
      client.workflow
        .getHandle(workflowId)
        .signal(INCIDENT, { scope })
        .catch(() => undefined),
    );
    if (batch.length < AT_ONCE) continue;
    await Promise.all(batch);
    batch = [];
    Context.current().heartbeat(tasks);
  }
  await Promise.all(batch);
  log.info({ scope, tasks, most: most ?? 'all' }, 'tasks woken');
  return { tasks };
}

function forgetOld(): void {
  for (const [key, at] of woken) if (Date.now() - at > JUST_NOW_MS) woken.delete(key);
}
