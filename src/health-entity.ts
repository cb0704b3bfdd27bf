// The entity of a scope: whoever has something to tell it makes it, where there is none; its memo is read without it.

import { type Client, WorkflowNotFoundError } from '@temporalio/client';
import { type HealthInput, type HostState, memoKey, readHostState } from './domain/host.ts';
import { HEALTH_QUEUE, HEALTH_WORKFLOW, healthId } from './domain/names.ts';
import { type Scope, sayScope } from './domain/scope.ts';

/** In a storm, what says that it is one goes before the work that it is about. Servers without priorities take it as it is. */
const FIRST = { priorityKey: 1 };

/** `memo`: of an entity that is made by this. Rejects where the server refuses, or does not answer. */
export function signalHealth(
  client: Client,
  scope: Scope,
  signal: string,
  given: unknown,
  memo?: Record<string, unknown>,
): Promise<unknown> {
  return client.workflow.signalWithStart<(input: HealthInput) => Promise<void>, [unknown]>(HEALTH_WORKFLOW, {
    workflowId: healthId(sayScope(scope)),
    taskQueue: HEALTH_QUEUE,
    args: [{ v: 1, scope: scope.kind, name: scope.name }],
    signal,
    signalArgs: [given],
    staticSummary: `${scope.kind} ${scope.name}`,
    priority: FIRST,
    ...(memo ? { memo } : {}),
  });
}

/** As of now, by one describe. Empty where there is no entity, or it was closed. Rejects where nobody answers. */
export async function readEntity(client: Client, scope: Scope): Promise<HostState> {
  try {
    const { status, memo } = await client.workflow.getHandle(healthId(sayScope(scope))).describe();
    return status.name === 'RUNNING' ? readHostState(memo?.[memoKey(scope.kind)]) : {};
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return {};
    throw error;
  }
}
