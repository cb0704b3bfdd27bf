// A task's status put together from its history, for when no worker lets the task itself answer. It knows runs,
// failures, decisions and outputs; it does not know the answers given or the id of an open question.

import { type Hold, RUN_DECLINED, type RunStatus, type Settled, type TaskState, type TaskStatus } from '../domain/contract.ts';
import { type Failure, REASONS } from '../domain/failure.ts';
import { keptAtStart, keptBy } from '../domain/kept.ts';
import { hostOfIdentity, taskIdOfWorkflow } from '../domain/names.ts';
import type { Banked, OutputSeen, Seen } from '../domain/output.ts';
import { planStatus } from '../domain/plan.ts';
import type { RunFacts, StartPoint } from '../domain/run.ts';
import { decisionStatus } from '../domain/status.ts';
import type { TaskSpec } from '../domain/task.ts';
import { checkTaskSpec } from '../schema/task-spec.ts';
import type { ActivityTrace, Traces } from './activity-traces.ts';
import { NO_PLAN, type PlanSeen } from './plan-from-history.ts';
import type { TaskEnd } from './task-end.ts';

/** What is known of the workflow beside its history. `end` where it is closed. */
export interface Around {
  readonly workflowId: string;
  readonly end?: TaskEnd;
  readonly planned?: PlanSeen;
}

export function statusFrom({ input, activities }: Traces, { workflowId, end, planned = NO_PLAN }: Around): TaskStatus {
  const checked = checkTaskSpec(input);
  const task = checked.ok ? checked.task : undefined;
  const id = taskIdOfWorkflow(workflowId);
  const offered = activities.filter((trace) => runNumber(trace.id) !== undefined && !isUntaken(trace));
  const settled = activities.flatMap(settledBy);
  const hold = end ? undefined : holdOf(activities, task?.owner ?? '');
  const runs = offered.map((trace) => ({ ...runOf(trace, task?.agent.use ?? '', settled), ...planned.parts.get(trace.id) }));
  const bank = activities.map(bankedBy).findLast((one) => one !== undefined);
  return {
    id,
    title: task?.title ?? titleIn(input) ?? id,
    state: end?.state ?? stateOf(activities, hold),
    owner: task?.owner ?? '',
    ...(task?.checks.length === 0 && { unchecked: true }),
    runs,
    outputs: end?.result?.outputs ?? lastSeen(activities),
    ...(bank && { bank }),
    ...(planned.plan && { plan: planStatus(planned.plan, runs, end?.state === 'done') }),
    ...(hold && { hold }),
    answers: [],
    refused: [],
    ...(end?.result && { result: end.result }),
  };
}

const titleIn = (input: unknown): string | undefined => {
  const title = (input as Partial<TaskSpec> | null | undefined)?.title;
  return typeof title === 'string' ? title : undefined;
};

/** Offered to a host that would not have it, or did not take it in time: then it was offered once more. */
const isUntaken = ({ end, startedAt }: ActivityTrace): boolean =>
  (end?.kind === 'failed' && end.type === RUN_DECLINED) || (end?.kind === 'timed_out' && startedAt === undefined);

const runNumber = (activityId: string): number | undefined => numberIn(/^run-(\d+)$/, activityId);
const settledNumber = (activityId: string): number | undefined => numberIn(/^settle-(\d+)(?:\.\d+)?$/, activityId);
const numberIn = (form: RegExp, text: string): number | undefined => {
  const [, digits] = form.exec(text) ?? [];
  return digits === undefined ? undefined : Number(digits);
};

interface Look extends Settled {
  readonly n: number;
}
function settledBy({ id, end }: ActivityTrace): readonly Look[] {
  const n = settledNumber(id);
  return n !== undefined && end?.kind === 'completed' ? [{ ...(end.result as Settled), n }] : [];
}

function runOf(trace: ActivityTrace, agent: string, settled: readonly Look[]): RunStatus {
  const n = runNumber(trace.id) ?? 0;
  const look = settled.findLast((one) => one.n === n);
  const { facts, failure: reported, outcome } = endOf(trace);
  const host = facts?.host ?? (trace.identity ? hostOfIdentity(trace.identity) : undefined);
  const failure = look?.failure ?? reported;
  return {
    n,
    agent,
    startedAt: facts?.startedAt ?? trace.startedAt ?? trace.scheduledAt,
    ...(host !== undefined && { host }),
    ...(trace.endedAt !== undefined && { endedAt: facts?.endedAt ?? trace.endedAt }),
    ...(outcome && { outcome }),
    ...(failure && { failure }),
    ...(look && { decision: decisionStatus(look.decision) }),
    ...(facts?.usage && { usage: facts.usage }),
    ...(facts?.session !== undefined && { session: facts.session }),
    ...(facts?.agentVersion !== undefined && { agentVersion: facts.agentVersion }),
  };
}

interface RunEnd {
  readonly outcome?: NonNullable<RunStatus['outcome']>;
  readonly failure?: Failure;
  readonly facts?: RunFacts;
}

function endOf({ end }: ActivityTrace): RunEnd {
  switch (end?.kind) {
    case 'completed':
      return { outcome: 'finished', facts: end.result as RunFacts };
    case 'timed_out':
      return { outcome: 'lost' };
    case 'cancelled':
      return { outcome: 'cancelled' };
    case 'failed': {
      const [failure, facts] = end.details as [Failure?, RunFacts?];
      const isOurs = failure !== undefined && Object.hasOwn(REASONS, failure.reason);
      return { outcome: failure?.reason === 'cancelled' ? 'cancelled' : 'failed', ...(isOurs && { failure }), ...(facts && { facts }) };
    }
    default:
      return {};
  }
}

/** The outputs of the newest look, with what `finish` has made since. */
function lastSeen(activities: readonly ActivityTrace[]): readonly OutputSeen[] {
  let seen: readonly OutputSeen[] = [];
  for (const { end } of activities) {
    const holder = seerIn(end);
    if (Array.isArray(holder?.seen?.outputs)) seen = holder.seen.outputs;
    else if (holder?.seen?.kind !== undefined)
      seen = seen.map((one) => (one.kind === holder.seen?.kind ? (holder.seen as OutputSeen) : one));
  }
  return seen;
}
interface Seer {
  readonly seen?: Partial<OutputSeen> & Partial<Pick<Seen, 'outputs' | 'bank' | 'repository'>>;
  readonly start?: StartPoint;
}

const seerIn = (end: ActivityTrace['end']): Seer | null | undefined =>
  (end?.kind === 'completed' ? end.result : end?.kind === 'failed' ? end.details[1] : undefined) as Seer | null | undefined;

function bankedBy({ end }: ActivityTrace): Banked | undefined {
  const { seen, start } = seerIn(end) ?? {};
  return (seen && keptBy(seen)) ?? (start && keptAtStart(start));
}

/** Why nothing is under way: the last decision waits, or asks. */
function holdOf(activities: readonly ActivityTrace[], owner: string): Hold | undefined {
  const last = activities.at(-1);
  const [look] = last ? settledBy(last) : [];
  if (!look || last?.endedAt === undefined) return undefined;
  const { kind, because, afterMs, ask } = look.decision;
  const since = last.endedAt;
  if (kind === 'ask') return { for: 'question', since, owner, because: ask?.text ?? because };
  if (afterMs === undefined || kind === 'finish' || kind === 'stop') return undefined;
  return { for: 'time', since, until: new Date(Date.parse(since) + afterMs).toISOString(), owner, because };
}

function stateOf(activities: readonly ActivityTrace[], hold: Hold | undefined): TaskState {
  if (hold) return hold.for === 'question' ? 'asking' : 'held';
  // Not even `begin` has run: no worker has looked at the task.
  if (activities.length === 0) return 'queued';
  return activities.at(-1)?.id.startsWith('finish-') ? 'finishing' : 'running';
}
