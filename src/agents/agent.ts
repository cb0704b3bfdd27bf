// What Outlive must know of an agent to start it and to read its end. Pure: an adapter says what to run and what the
// words mean; starting, watching and ending the process is the host's.

import type { Ending, Rule, TypedEnd } from '../domain/ending.ts';
import type { Usage } from '../domain/run.ts';
import type { AgentSpec, RunLimits } from '../domain/task.ts';
import type { Heard } from './heard.ts';
import type { Json } from './json.ts';

/** What an agent wrote about its own end. A result that cannot be read is evidence, never a verdict. */
export interface AgentWords {
  readonly typed?: TypedEnd;
  readonly usage?: Usage;
  readonly session?: string;
  readonly unreadable?: string;
}

/** One run, as its agent is told of it. */
export interface Start {
  readonly spec: AgentSpec;
  readonly prompt: string;
  /** The file that the prompt is also in. */
  readonly promptFile: string;
  /** A UUID made of the run: the name of its session, where the agent lets us choose one. */
  readonly session: string;
  /** The session to go on with; its store is on this host. */
  readonly resume?: string;
  readonly limits: RunLimits;
}

/** How to start it. */
export interface Launch {
  /** Program and arguments. `{files}` is replaced by the folder that `files` are in. */
  readonly argv: readonly string[];
  /** Beside what every agent gets; the task's own `env` beats it. `{files}` as in `argv`. */
  readonly env?: Readonly<Record<string, string>>;
  /** Texts that are written for it, by their file names. */
  readonly files?: Readonly<Record<string, string>>;
  /** A program of Outlive's that starts `argv` and speaks its protocol: the supervised process, so that it outlives the worker too. */
  readonly driver?: Driver;
}

/** Which driver, and what it is told: JSON, as the driver says. */
export interface Driver {
  readonly kind: 'acp' | 'app-server' | 'module';
  readonly told: Readonly<Record<string, unknown>>;
}

export interface Agent {
  launch(start: Start): Launch;
  /** How its streams are read; left out: as those of any program. */
  readonly reader?: Reader;
  /** Reads the text of OUTLIVE_RESULT_FILE, undefined where none was written. Left out: this agent writes none. */
  readResult?(text: string | undefined): AgentWords;
  /** Variables of the host's environment that it gets: its usual credentials. */
  readonly credentials?: readonly string[];
  /** A session of it works in the folder that it began in, from wherever it is gone on with: no other run can have it. */
  readonly bindsSession?: true;
  /** Prints its version, where its stream does not tell it. */
  versionArgv?(spec: AgentSpec): readonly string[];
  /** What is wrong with a registered agent's `options`; undefined where nothing is. */
  refuse?(options: Readonly<Record<string, unknown>>): string | undefined;
}

/** By the name that a task's `agent.use` gives. */
export type Agents = Readonly<Record<string, Agent>>;

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
