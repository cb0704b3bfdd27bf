// What Outlive must know of an agent to start it and to read its end. Pure: an adapter says what to run and what the
// words mean; starting, watching and ending the process is the host's.

import type { Ending, Rule, TypedEnd } from '../domain/ending.ts';
import type { Usage } from '../domain/run.ts';
import type { AgentSpec } from '../domain/task.ts';
import type { Heard } from './heard.ts';
import type { Json } from './json.ts';

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

/** How the end of an agent is read: the events of its own stream, its notices, and what its codes and words mean. */
export interface Reader {
  /** Tells `heard` of one event; false for an object that is none of its events. Never throws, whatever the object holds. */
  readonly hear: (event: Json, heard: Heard) => boolean;
  /** Heads of lines that say it all, so that most of a stream is never parsed. False: this one has to be read after all. */
  readonly heads?: readonly { readonly head: RegExp; readonly tell: (heard: Heard, line: string) => boolean }[];
  /** Tells of an event whose beginning is out of sight, by its end. */
  readonly hearCut?: (piece: string, heard: Heard) => void;
  /** Asked after the last event, where that stands whole at the end of the tail: what does it mean that nothing came after it? */
  readonly conclude?: (heard: Heard, ending: Ending) => void;
  /** Its notices on stderr that it tries again. Global expressions, bounded. */
  readonly retries?: readonly RegExp[];
  /** Its own rules, and those for any process after them. */
  readonly rules: readonly Rule[];
  /** It prints clock times of its host, without a zone. */
  readonly printsLocalTime?: true;
}
