// The decisions in a task's history, each with the facts that it rested on and the ending that it was about.

import { RUN_DECLINED, type Settled, type SettleInput } from '../domain/contract.ts';
import { taskIdOfWorkflow } from '../domain/names.ts';
import type { RecordedEnding } from '../domain/recorded-ending.ts';
import type { RecordedDecision } from '../domain/replayed.ts';
import type { ActivityTrace, Traces } from './activity-traces.ts';

export function recordedDecisions(workflowId: string, { activities }: Traces): RecordedDecision[] {
  const endings = new Map(activities.flatMap(endingIn));
  return activities.flatMap((trace): RecordedDecision[] => {
    const settled = settledBy(trace);
    if (!settled) return [];
    const { input, result, at } = settled;
    const { task, timing, n, look, granted, runs } = input;
    const { failure, seen, decision } = result;
    const last = runs.at(-1);
    const ending = endings.get(n);
    return [
      {
        id: taskIdOfWorkflow(workflowId),
        n,
        look,
        was: { reason: failure.reason, kind: decision.kind, because: decision.because },
        facts: {
          v: 1,
          now: at,
          task,
          n,
          look,
          failure,
          seen,
          runs: [...runs.slice(0, -1), ...(last ? [{ ...last, failure }] : [])],
          granted,
          // Older settles did not say it: a report, a lease that is over, or an agent that never began is an end.
          over: result.over ?? (input.seen !== undefined || last?.leaseOver === true || last?.entered === false),
          leaseMs: timing.leaseMs,
          backoffMs: timing.backoffMs,
          ...(result.hosts ? { hosts: result.hosts } : {}),
        },
        ...(ending ? { ending } : {}),
      },
    ];
  });
}

function settledBy({ type, input, end, endedAt }: ActivityTrace): { input: SettleInput; result: Settled; at: string } | undefined {
  if (type !== 'settle' || end?.kind !== 'completed' || endedAt === undefined) return undefined;
  const [given] = (input ?? []) as [SettleInput?];
  const result = end.result as Settled | undefined;
  return given?.task && result?.decision ? { input: given, result, at: endedAt } : undefined;
}

/** The last end of each run: one that was taken up again has an earlier one without details. */
function endingIn({ id, end }: ActivityTrace): [number, RecordedEnding][] {
  const n = /^(?:run|reattach)-(\d+)/.exec(id)?.[1];
  if (n === undefined || end?.kind !== 'failed' || end.type === RUN_DECLINED) return [];
  const [, , recorded] = end.details as [unknown?, unknown?, RecordedEnding?];
  return recorded?.v === 1 ? [[Number(n), recorded]] : [];
}
