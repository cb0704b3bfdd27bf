// What a kind of output is: a probe, and where Outlive can make it, a make. A probe only looks; a look that fails is
// `unknown`, never `absent`.

import type { OutputState, RepositorySeen } from '../domain/output.ts';
import type { Output, OutputKind, Task } from '../domain/task.ts';
import type { PushSource } from '../host/bank.ts';
import type { ForgeAccess } from './forge-access.ts';
import type { OwnOutputs } from './own.ts';

/** What outputs need of the worker that looks at them or makes them. */
export interface OutputWorker {
  /** The host's state directory, with its caches of repositories. */
  readonly state: string;
  readonly forge: ForgeAccess;
  /** What a program of a probe or a check may write. */
  readonly outputBytes: number;
  readonly own: OwnOutputs;
}

/** Where to look. `workspace` is there only on the run's own host; `repository` where the clone there could be read. */
export interface Place {
  readonly worker: OutputWorker;
  readonly task: Task;
  readonly workspace?: string;
  readonly repository?: RepositorySeen;
  /** The newest commit of the work that is kept, and where. */
  readonly kept?: { readonly head: string; readonly ref: string };
  /** The agent's environment, for probes that are programs; its mark is what ends them. */
  readonly env: Readonly<Record<string, string>>;
  readonly mark: string;
  /** A folder for logs of probes. */
  readonly logs: string;
  readonly signal?: AbortSignal;
}

export interface Making extends Place {
  /** Where the commits are that a push brings to the origin. */
  readonly source: PushSource;
  /** The commit that Outlive itself saw or put on the task's branch before; none: the branch must not exist. */
  readonly expected?: string;
  /** It may have been made before, by somebody who did not come to say so. */
  readonly again: boolean;
  /** How long after a first look a second one is made, where it may have been made before. In milliseconds. */
  readonly secondLookMs: number;
}

export interface ProbeAnswer {
  readonly state: OutputState;
  /** One sentence. */
  readonly evidence: string;
}

/** What stands there now. `head`: the commit that a push has put on the task's branch. */
export interface MadeAnswer extends ProbeAnswer {
  readonly head?: string;
}

export type OutputOf<K extends OutputKind> = Extract<Output, { kind: K }>;
export type Probe<K extends OutputKind> = (output: OutputOf<K>, place: Place) => Promise<ProbeAnswer>;

export interface OutputType<K extends OutputKind> {
  readonly probe: Probe<K>;
  /**
   * Finds it or makes it, however often it is called. Throws what another try may mend, and EffectRefused where none will;
   * something foreign in its place is an answer for a person.
   */
  readonly make?: (output: OutputOf<K>, making: Making) => Promise<MadeAnswer>;
}

/** No try will mend it: a person has to. The message says what is in the way and what to do. */
export class EffectRefused extends Error {
  override readonly name = 'EffectRefused';
}

/** It could not be made now, and whoever is asked says when to try again. */
export class EffectDelayed extends Error {
  override readonly name = 'EffectDelayed';
  readonly afterMs: number;
  constructor(message: string, afterMs: number) {
    super(message);
    this.afterMs = afterMs;
  }
}

/** What only the run's host can see, asked elsewhere. */
export const STRANDED: ProbeAnswer = { state: 'stranded', evidence: 'only the host of the run can see it, and it does not answer' };

/** What a run that never came to its agent has made. */
export const NEVER_STARTED: ProbeAnswer = { state: 'absent', evidence: 'the run never came to its agent' };
