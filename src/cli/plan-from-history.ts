// A task's plan, and what each run had to do with it, read from its history: what the runs were given says it.

import type { PlanState } from '../domain/plan.ts';
import type { Plan } from '../domain/plan-text.ts';
import type { RunInput } from '../domain/run.ts';
import type { ActivityTrace, Traces } from './activity-traces.ts';

export interface PlanSeen {
  /** There once a run has planned. That a person took a step as it was is not known. */
  readonly plan?: PlanState;
  /** By the ids of the activities of runs. */
  readonly parts: ReadonlyMap<string, Part>;
}
/** What a run was for, where it was not for the whole task. */
export interface Part {
  readonly plans?: true;
  readonly step?: number;
}

export const NO_PLAN: PlanSeen = { parts: new Map() };

export async function planIn({ activities }: Traces): Promise<PlanSeen> {
  const steps = activities.map(plannedBy).find((plan) => plan !== undefined)?.steps;
  if (!steps) return NO_PLAN;
  const parts = new Map<string, Part>();
  for (const { id, input } of activities.filter(({ id }) => /^run-\d+$/.test(id))) {
    const [given] = ((await input?.()) ?? []) as [RunInput?];
    const step = given?.task?.step?.k;
    parts.set(id, { ...(given?.plans ? { plans: true } : {}), ...(step === undefined ? {} : { step }) });
  }
  const at = Math.max(1, ...[...parts.values()].map(({ step = 1 }) => step));
  return { plan: { steps, at, adopted: [] }, parts };
}

function plannedBy({ end }: ActivityTrace): Plan | undefined {
  return end?.kind === 'completed' ? (end.result as { readonly plan?: Plan } | null | undefined)?.plan : undefined;
}
