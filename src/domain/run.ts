// One attempt at a task: what it is given, how its process ended, and what it reports.

import type { CredentialUsed } from './credential.ts';
import type { Failure, FailureType } from './failure.ts';
import type { BankSeen, RepositorySeen, Seen } from './output.ts';
import type { Plan } from './plan-text.ts';
import type { Task } from './task.ts';

/** Who ended the process. Whoever kills writes this down before the signal (DESIGN §3). */
export type EndedBy =
  | 'itself'
  | 'wall_limit'
  | 'stall'
  | 'output_limit'
  | 'turn_limit'
  | 'budget'
  | 'cancel'
  | 'lease'
  | 'drain'
  | 'supervisor_lost';

/**
 * How a process ended: `exitCode`, `signal`, or `notStarted` with the system's word why; none of them where nobody saw it
 * end. Then `vanished` says what took it: the machine was booted again, its container or its host's state folder is
 * another one, or only the processes are gone. `unreadable`: the host's journal of the run tells nothing that could be relied on.
 */
export interface Exit {
  readonly exitCode?: number;
  readonly signal?: string;
  readonly notStarted?: { readonly code: string; readonly message: string };
  /** The kernel counted a kill for lack of memory while it ran. */
  readonly oomKilled?: true;
  readonly vanished?: 'boot' | 'container' | 'state' | 'processes';
  readonly unreadable?: string;
  readonly endedBy: EndedBy;
  readonly durationMs: number;
}

/** What the agent cost, as far as it said so. */
export interface Usage {
  readonly inputTokens?: number;
  readonly outputTokens?: number;
  readonly costUsd?: number;
  /** Questions to the model. */
  readonly turns?: number;
  /** Summed from the steps that were seen: the agent's own total is missing. */
  readonly incomplete?: true;
}

/** A conversation of an agent that a later run can go on with, on the host that has its store. */
export interface Session {
  readonly id: string;
  readonly host: string;
  /** Of the agent's program: another version may not read the store. */
  readonly agentVersion?: string;
}

/** Where a run starts from: the task's base, or what an earlier run left in the bank. */
export type StartPoint =
  | { readonly kind: 'base' }
  | {
      readonly kind: 'bank';
      readonly ref: string;
      readonly head: string;
      readonly wip?: string;
      readonly at: 'origin' | 'host';
      readonly host: string;
    };

/** The host that alone keeps the work so far: it can only be continued there. */
export const keeperOf = (start: StartPoint): string | undefined => (start.kind === 'bank' && start.at === 'host' ? start.host : undefined);

/** Where the next run starts: from what was banked last. A clone that was cut off in the middle of a merge is not continued as it lay. */
export function nextStart(start: StartPoint, bank: BankSeen | undefined, repository: RepositorySeen | undefined): StartPoint {
  if (bank?.state !== 'banked') return start;
  const { ref, head, wip, at, host } = bank;
  return { kind: 'bank', ref, head, at, host, ...(wip && !repository?.busy ? { wip } : {}) };
}

const TREE_ENDS_MS = 30_000;
/** After how long a run that nobody looks after is over, whatever became of its host: its lease, and from SIGTERM to the last process of its tree. */
export const overAfterMs = (leaseMs: number): number => leaseMs + TREE_ENDS_MS;

/** What `runAgent` and `reattachRun` are given. `avoid` are hosts that should leave this run to another; `notes` go into the prompt. */
export interface RunInput {
  readonly task: Task;
  readonly n: number;
  readonly start: StartPoint;
  readonly avoid: readonly string[];
  readonly notes: readonly string[];
  /** The session to go on with, where the run comes to its host. */
  readonly resume?: Session;
  /** It is to plan the task in steps, and does nothing of it. */
  readonly plans?: true;
  readonly heartbeatMs: number;
  /** How long the agent may live without an answered heartbeat. */
  readonly leaseMs: number;
  /** The execution of the task was reset: run `n` may have been started under an earlier one too. */
  readonly wasReset?: boolean;
  /** For `reattachRun`: the state folder in which the run was last known to be. */
  readonly stateId?: string;
}

/** The facts of a run that are there however it ended; the second detail of a failed run's ApplicationFailure. `entered`: the agent's process was started. Times are ISO. */
export interface RunFacts {
  readonly host: string;
  readonly entered: boolean;
  readonly startedAt: string;
  readonly endedAt: string;
  readonly usage?: Usage;
  /** The agent's name of its session. `boundSession`: it works in this run's workspace only. */
  readonly session?: string;
  readonly boundSession?: true;
  readonly agentVersion?: string;
  /** What it was let in with. */
  readonly credentials?: readonly CredentialUsed[];
  readonly seen: Seen;
}

/** A good end, with every output of the agent present and no check red. */
export interface RunReport extends RunFacts {
  readonly note?: string;
  /** Of a run that was to plan. */
  readonly plan?: Plan;
}

/** What a heartbeat carries: the only words of a host that dies. */
export interface Heartbeat {
  readonly host: string;
  readonly bootId: string;
  /** Names the host's state folder: another one knows nothing of the run. */
  readonly stateId: string;
  readonly n: number;
  readonly phase: 'preparing' | 'running' | 'looking';
  readonly pid?: number;
}

/** One run as the task remembers it. */
export interface RunRecord {
  readonly n: number;
  readonly host?: string;
  readonly agent: string;
  readonly startedAt: string;
  readonly endedAt?: string;
  readonly outcome?: 'finished' | 'failed' | 'lost' | 'cancelled';
  /** How often it was taken up again after its activity was lost. */
  readonly reattached?: number;
  /** Its host did not answer, and its lease has run out: nothing of it lives any more. */
  readonly leaseOver?: boolean;
  readonly entered?: boolean;
  readonly failure?: Failure;
  readonly usage?: Usage;
  readonly session?: string;
  readonly boundSession?: true;
  readonly agentVersion?: string;
  readonly credentials?: readonly CredentialUsed[];
  /** The session of an earlier run that it was to go on with. */
  readonly resumes?: Session;
  /** It began a new conversation with a hand-off from the one before it, which had come to its end. */
  readonly enriched?: true;
  /** What it counts as where its cost is not known, in US dollars. */
  readonly capUsd?: number;
  /** It was to plan the task in steps. */
  readonly plans?: true;
  /** The step of the plan that it worked on, the first is 1. */
  readonly step?: number;
  /** It had been given up, and its host told of its end all the same: `finished`, or the type of its failure. */
  readonly late?: { readonly at: string; readonly ended: FailureType | 'finished' };
}
