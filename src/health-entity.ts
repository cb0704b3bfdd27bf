// The entity of a scope: whoever has something to tell it makes it, where there is none.

import type { Client } from '@temporalio/client';
import type { HealthInput } from './domain/host.ts';
import { CONTROL_QUEUE, HEALTH_WORKFLOW, healthId } from './domain/names.ts';
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
    taskQueue: CONTROL_QUEUE,
    args: [{ v: 1, scope: scope.kind, name: scope.name }],
    signal,
    signalArgs: [given],
    staticSummary: `${scope.kind} ${scope.name}`,
    priority: FIRST,
    ...(memo ? { memo } : {}),
  });
}
