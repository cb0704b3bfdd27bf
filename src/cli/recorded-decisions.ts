// The decisions in a task's history, each with the facts that it rested on and the ending that it was about.

import { RUN_DECLINED, type Settled, type SettleInput } from '../domain/contract.ts';
import { factsOf } from '../domain/facts.ts';
import { runOfActivityId, taskIdOfWorkflow } from '../domain/names.ts';
import type { RecordedEnding } from '../domain/recorded-ending.ts';
import type { RecordedDecision } from '../domain/replayed.ts';
import type { ActivityTrace, Traces } from './activity-traces.ts';

export async function recordedDecisions(workflowId: string, { activities }: Traces): Promise<RecordedDecision[]> {
  const endings = new Map(activities.flatMap(endingIn));
  const settled = await Promise.all(activities.map(settledBy));
  return settled.filter((one) => one !== undefined).map((one) => recordedDecision(taskIdOfWorkflow(workflowId), one, endings));
}

interface Recorded {
  readonly input: SettleInput;
  readonly result: Settled;
  readonly at: string;
}

async function settledBy({ type, input, end, endedAt }: ActivityTrace): Promise<Recorded | undefined> {
  if (type !== 'settle' || end?.kind !== 'completed' || endedAt === undefined) return undefined;
  const [given] = ((await input?.()) ?? []) as [SettleInput?];
  const result = end.result as Settled | undefined;
  return given?.task && result?.decision ? { input: given, result, at: endedAt } : undefined;
}

function recordedDecision(id: string, { input, result, at }: Recorded, endings: ReadonlyMap<number, RecordedEnding>): RecordedDecision {
  const { n, look, runs } = input;
  const { failure, seen, decision, hosts, incident } = result;
  const { kind, because } = decision;
  const last = runs.at(-1);
  // Older settles did not say it: a report, a lease that is over, or an agent that never began is an end.
  const over = result.over ?? (input.seen !== undefined || last?.leaseOver === true || last?.entered === false);
  const ending = endings.get(n);
  return {
    id,
    n,
    look,
    was: { reason: failure.reason, kind, because },
    facts: factsOf(input, { now: at, failure, seen, over, ...(hosts ? { hosts } : {}), ...(incident ? { incident } : {}) }),
    ...(ending ? { ending } : {}),
  };
}

/** The last end of each run: one that was taken up again has an earlier one without details. */
function endingIn({ id, end }: ActivityTrace): [number, RecordedEnding][] {
  const n = runOfActivityId(id);
  if (n === undefined || end?.kind !== 'failed' || end.type === RUN_DECLINED) return [];
  const [, , recorded] = end.details as [unknown?, unknown?, RecordedEnding?];
  return recorded?.v === 1 ? [[n, recorded]] : [];
}
