// What a decision is, and what it rests on.

import type { CredentialChecked } from './credential.ts';
import type { Evidence, Failure } from './failure.ts';
import type { Ledgers } from './ledgers.ts';
import type { Seen } from './output.ts';
import type { Choice } from './question.ts';
import type { RunRecord, Session } from './run.ts';
import type { Task } from './task.ts';

/** Old workflows may meet kinds that a newer policy invents; they take an unknown kind for `ask`. */
export type DecisionKind = 'finish' | 'retry' | 'hold' | 'check' | 'enrich' | 'split' | 'ask' | 'stop';

/** JSON-clean; recorded by `settle`, obeyed by the workflow. */
export interface Decision {
  readonly v: 1;
  readonly kind: DecisionKind;
  /** One sentence for people: what was seen, and why this follows. At most 1000 characters; timelines show the first hundred. */
  readonly because: string;
  /** As they stood when it was made. */
  readonly ledgers: Ledgers;
  /** As they will stand once what follows has begun; left out where nothing is used up. */
  readonly ledgersAfter?: Ledgers;
  /** Both in words, against what the task may use. */
  readonly used?: string;
  /** What was seen: of the run's end, of the outputs, of the checks. Older versions did not keep it. */
  readonly evidence?: readonly Evidence[];
  /** What would have changed it. One sentence, without its full stop. */
  readonly otherwise?: string;
  /** How long to wait first, in milliseconds; `hold` looks at everything again after it. */
  readonly afterMs?: number;
  /** With `hold`: the scope of the incident whose end is waited for; a run follows it. */
  readonly incident?: string;
  /** Hosts that should leave the next run to another; `strict`: that must, however long it takes. */
  readonly avoid?: readonly string[];
  readonly strict?: true;
  /** The session that the next run goes on with, should it come to its host. */
  readonly resume?: Session;
  /** What the next run is told beside its prompt. */
  readonly notes?: readonly string[];
  /** What a person is asked; there where `kind` is `ask`. */
  readonly ask?: Ask;
}

/** What a person answered long after they were asked. */
export interface LateAnswer {
  readonly kind: 'retry' | 'split';
  readonly because: string;
}

/** An incident as a decision sees it: its scope, and why it is ill. */
export interface IncidentSeen {
  readonly scope: string;
  readonly why: string;
}

export interface Ask {
  readonly text: string;
  readonly evidence: readonly Evidence[];
  readonly choices: readonly Choice[];
  /** A `retry` must bring a note or a setting: the same inputs would end the same way. */
  readonly needsChange?: boolean;
}

/** Everything a decision rests on. Only `settle` makes them, after its look: a retry without a look cannot be asked for. */
export interface Facts {
  readonly v: 1;
  /** ISO time. */
  readonly now: string;
  readonly task: Task;
  readonly n: number;
  /** How often this same end has been looked at, 1 the first time. */
  readonly look: number;
  readonly failure: Failure;
  readonly seen: Seen;
  /** The commits since the base and the files that they change, where the clone could be read. */
  readonly done?: string;
  /** All runs so far, this one last. */
  readonly runs: readonly RunRecord[];
  readonly granted: number;
  /** The run is known to be over: nothing of it lives on. */
  readonly over: boolean;
  /** How long a host that does not answer may still be working, in milliseconds. */
  readonly leaseMs: number;
  /** First backoff, in milliseconds. */
  readonly backoffMs: number;
  /** The first wait for the end of an incident, in milliseconds. */
  readonly holdMs: number;
  /** An incident that is open, of what this run's failure speaks against. */
  readonly incident?: IncidentSeen;
  /** Hosts that take this pool's runs, where the server could say. */
  readonly hosts?: readonly string[];
  /** What the check of the credential said, where one was asked for. */
  readonly credential?: CredentialChecked;
  readonly answered?: LateAnswer;
}
