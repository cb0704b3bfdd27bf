// What Outlive must know of an agent to start it and to read its end. Pure: an adapter says what to run and what the
// words mean; starting, watching and ending the process is the host's.

import type { TypedEnd } from '../domain/ending.ts';
import type { Usage } from '../domain/run.ts';
import type { AgentSpec } from '../domain/task.ts';

/** What an agent wrote about its own end. A result that cannot be read is evidence, never a verdict. */
export interface AgentWords {
  readonly typed?: TypedEnd;
  readonly usage?: Usage;
  readonly unreadable?: string;
}

export interface Agent {
  /** Program and arguments for this prompt. */
  argv(spec: AgentSpec, prompt: string): readonly string[];
  /** Reads the text of the result file; undefined where the agent wrote none. */
  read(result: string | undefined): AgentWords;
}
