// What crosses a border of the workflow: the status that people and scripts read, the result, the activities.

import type { CredentialChecked, CredentialUsed } from './credential.ts';
import type { Decision, IncidentSeen, LateAnswer } from './decision.ts';
import type { Class, Failure, Reason } from './failure.ts';
import type { Attention, Notice } from './notice.ts';
import type { Banked, BankSeen, OutputSeen, Seen } from './output.ts';
import type { PlanStatus } from './plan.ts';
import type { Question } from './question.ts';
import type { RunFacts, RunInput, RunRecord, RunReport, StartPoint } from './run.ts';
import type { LogAsk, LogPiece } from './run-log.ts';
import type { Task, TaskSpec } from './task.ts';

export type TaskState = 'queued' | 'running' | 'held' | 'asking' | 'finishing' | 'done' | 'failed' | 'cancelled';

/** Why a task waits. A hold that ends by itself has `until` (ISO time). */
export interface Hold {
  readonly for: 'time' | 'incident' | 'question' | 'host';
  /** The scope of the incident, as in `provider/anthropic`. */
  readonly incident?: string;
  readonly since: string;
  readonly until?: string;
  readonly owner: string;
  readonly because: string;
}

/** The answer to the query `status`, and the body of `outlive show ID --json` (DESIGN §6). Times are ISO, UTC. */
export interface TaskStatus {
  readonly id: string;
  readonly title: string;
  readonly state: TaskState;
  readonly owner: string;
  /** True where the spec has no checks: done then means only that the outputs are there. */
  readonly unchecked?: boolean;
  readonly runs: readonly RunStatus[];
  readonly outputs: readonly OutputSeen[];
  /** Where the newest work that was kept stands; left out where nothing was. */
  readonly bank?: Banked;
  /** There where the task was split into steps. */
  readonly plan?: PlanStatus;
  readonly hold?: Hold;
  readonly question?: Question;
  readonly answers: readonly AnswerRecord[];
  /** Notices that no try brought out. */
  readonly untold?: number;
  /** Signals that could not be read as an answer, with the reason; kept so that a person can see why nothing happened. */
  readonly refused: readonly string[];
  readonly result?: TaskResult;
}

export interface RunStatus {
  readonly n: number;
  readonly host?: string;
  readonly agent: string;
  readonly startedAt: string;
  readonly endedAt?: string;
  readonly outcome?: RunRecord['outcome'];
  readonly failure?: Failure;
  readonly decision?: DecisionStatus;
  readonly usage?: RunRecord['usage'];
  readonly session?: string;
  readonly agentVersion?: string;
  readonly credentials?: RunRecord['credentials'];
  readonly resumes?: RunRecord['resumes'];
  readonly enriched?: true;
  readonly plans?: true;
  readonly step?: number;
  readonly reattached?: number;
  readonly late?: RunRecord['late'];
}
export type DecisionStatus = Pick<Decision, 'kind' | 'because' | 'afterMs' | 'evidence' | 'used' | 'otherwise'>;

export interface AnswerRecord {
  readonly question: string;
  readonly choice: string;
  readonly note?: string;
  readonly by: string;
  readonly at: string;
}

/** How a task ended: what it took, not only that it is over. */
export interface TaskResult {
  readonly id: string;
  readonly state: 'done' | 'failed' | 'cancelled';
  readonly because: string;
  readonly runs: number;
  readonly reasons: Readonly<Partial<Record<`${Class}.${Reason}`, number>>>;
  /** Time spent in holds and with open questions. */
  readonly waitedMs: number;
  readonly outputs: readonly OutputSeen[];
  readonly unchecked?: boolean;
}

/** Durations that the host's configuration sets, recorded by `begin` so that the workflow stays deterministic. */
export interface Timing {
  readonly heartbeatMs: number;
  readonly leaseMs: number;
  readonly finishPatienceMs: number;
  /** The first backoff of a provider that names no wait; doubled each time. */
  readonly backoffMs: number;
  /** How long an offer waits after a host has declined it; doubled each time, three times. */
  readonly declineMs: number;
  /** The first wait for the end of an incident; doubled each time, up to an hour. Older versions did not say it. */
  readonly holdMs?: number;
  /** How long after a first look a second one is made for a thing that may have been made before, such as a comment. */
  readonly secondLookMs: number;
}

export interface Begun {
  readonly v: 1;
  readonly task: Task;
  readonly timing: Timing;
  readonly searchAttributes: boolean;
  readonly seen: Seen;
  /** Where the first run starts from: the base, the task's branch where the origin already has one, or what the task that it continues left. */
  readonly start: StartPoint;
  /** What the first run is told of earlier work. */
  readonly notes?: readonly string[];
  /** How people are told of questions; left out: they look for themselves. */
  readonly attention?: Attention;
}

/** What `settle` is given: the failure as far as the workflow knows it, and the past. */
export interface SettleInput {
  readonly task: Task;
  readonly timing: Timing;
  readonly n: number;
  /** How often this same end has been looked at; 1 the first time. */
  readonly look: number;
  /** All runs so far; the last is the one that ended, with its failure. */
  readonly runs: readonly RunRecord[];
  /** Runs that people granted beyond the ceilings. */
  readonly granted: number;
  /** Where the run started from. */
  readonly start: StartPoint;
  /** What the run itself saw before it ended; missing where it could not report. */
  readonly seen?: Seen;
  /** What the check of its credential said, where this end has asked for one. */
  readonly credential?: CredentialChecked;
  /** A person wants another run, and has taken so long over it that the world is looked at first. */
  readonly answered?: LateAnswer;
}

export interface CheckInput {
  readonly task: Task;
  readonly n: number;
  /** What the run used; left out where it did not come to say so. */
  readonly used?: readonly CredentialUsed[];
}

export interface Settled {
  readonly v: 1;
  readonly failure: Failure;
  readonly seen: Seen;
  /** Where the next run starts from. */
  readonly start: StartPoint;
  readonly decision: Decision;
  /** What else the decision rested on; an older version did not say it. */
  readonly over?: boolean;
  readonly hosts?: readonly string[];
  readonly incident?: IncidentSeen;
}

export interface FinishInput {
  readonly task: Task;
  /** Place in `task.outputs`. */
  readonly output: number;
  /** The run whose work is published; 0 where the work was there before any run. */
  readonly n: number;
  readonly bank?: BankSeen;
  /** The commit that Outlive itself saw or put on the task's branch before, for compare-and-swap; none: the branch must not exist. */
  readonly expected?: string;
  /** This effect was tried before, and nobody knows whether it came about. */
  readonly again?: true;
}

/** The answer of one effect. Only `present` is an effect; all else is for a person. `made` is the commit that now stands there. */
export interface Made {
  readonly seen: OutputSeen;
  readonly made?: string;
}

/** Activities of the control queue. */
export interface ControlActivities {
  begin(spec: TaskSpec): Promise<Begun>;
  settle(input: SettleInput): Promise<Settled>;
  finish(input: FinishInput): Promise<Made>;
  checkCredential(input: CheckInput): Promise<CredentialChecked>;
  notify(input: NotifyInput): Promise<void>;
  audience(input: AudienceInput): Promise<Audience>;
  release(input: ReleaseInput): Promise<Released>;
}

export interface AudienceInput {
  readonly scope: string;
  readonly sinceMs: number;
}

/** Who is told of an incident: how many channels it goes out through, and to whom; or why it goes out to nobody. */
export interface Audience {
  readonly channels: number;
  readonly owner: string;
  readonly quiet?: string;
}

/** Tasks that wait for the end of an incident: that many, the longest waiting first; left out: all of them. */
export interface ReleaseInput {
  readonly scope: string;
  readonly most?: number;
}

export interface Released {
  readonly tasks: number;
}

/** One notice through one of the channels, by its place among them. */
export interface NotifyInput {
  readonly notice: Notice;
  readonly channel: number;
}

/** Activities of a host. `settle`, `finish` and `checkCredential` are there too, for what only that host can see. */
export interface HostActivities {
  runAgent(input: RunInput): Promise<RunReport>;
  /** Takes up a run again that lost its activity: it lives, or it has ended and its host knows how. */
  reattachRun(input: RunInput): Promise<RunReport>;
  readLog(ask: LogAsk): Promise<LogPiece>;
  settle(input: SettleInput): Promise<Settled>;
  finish(input: FinishInput): Promise<Made>;
  checkCredential(input: CheckInput): Promise<CredentialChecked>;
}

/** Types of ApplicationFailure that are no verdict on a run. */
export const RUN_DECLINED = 'run.declined';
/**
 * Its detail. `avoided`: the run is better off elsewhere. `closed`: the host takes no new run. `full`: others came first.
 * `incident`: what the run needs is ill, by the scope of its incident; `elsewhere`: another host may have it in good health,
 * and `hosts` are some of those that may, where that is known, in the order in which they are to be asked.
 */
export interface Declined {
  readonly why: 'avoided' | 'closed' | 'full' | 'incident';
  readonly incident?: string;
  readonly elsewhere?: true;
  readonly hosts?: readonly string[];
  /** The first wait for its end is at least as long: many wait already, and each of them comes again by itself. */
  readonly holdMs?: number;
  /** Whether it is well again could not be asked: it may be. */
  readonly unasked?: true;
}
/** Its worker stops, or somebody paused or reset the activity: the run goes on, to be taken up again on its host. Details: a LeftRun. */
export const RUN_DETACHED = 'run.detached';
/** Its worker died: said by the next one. The run goes on, or its end lies in its host's journal. Details: a LeftRun. */
export const RUN_ORPHANED = 'run.orphaned';

/** A run without an activity. */
export interface LeftRun {
  readonly host: string;
  readonly n: number;
  readonly stateId: string;
}

/** What the signal `lateResult` carries: how a run ended that had been given up. Evidence, never an order. */
export interface LateResult {
  readonly n: number;
  readonly facts: RunFacts;
  /** Left out where it ended well. */
  readonly failure?: Failure;
}
/** No other try of an effect would mend it. */
export const EFFECT_REFUSED = 'effect.refused';
export const ANSWER_REFUSED = 'answer.refused';
export const STOP_REFUSED = 'stop.refused';
