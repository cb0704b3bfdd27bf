// What a probe is given and what it answers. A probe only looks; a look that fails is `unknown`, never `absent`.

import type { OutputState, RepositorySeen } from '../domain/output.ts';
import type { Output, OutputKind, Task } from '../domain/task.ts';

/** Where to look. `workspace` is there only on the run's own host; `repository` where the clone there could be read. */
export interface Place {
  readonly task: Task;
  readonly workspace?: string;
  readonly repository?: RepositorySeen;
  /** The agent's environment, for probes that are programs; its mark is what ends them. */
  readonly env: Readonly<Record<string, string>>;
  readonly mark: string;
  /** A folder for logs of probes. */
  readonly logs: string;
  readonly signal?: AbortSignal;
}

export interface ProbeAnswer {
  readonly state: OutputState;
  /** One sentence. */
  readonly evidence: string;
}

export type OutputOf<K extends OutputKind> = Extract<Output, { kind: K }>;
export type Probe<K extends OutputKind> = (output: OutputOf<K>, place: Place) => Promise<ProbeAnswer>;

/** What only the run's host can see, asked elsewhere. */
export const STRANDED: ProbeAnswer = { state: 'stranded', evidence: 'only the host of the run can see it, and it does not answer' };

/** What a run that never came to its agent has made. */
export const NEVER_STARTED: ProbeAnswer = { state: 'absent', evidence: 'the run never came to its agent' };
