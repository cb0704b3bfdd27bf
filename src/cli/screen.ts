// Where a command's words go: text for people or JSON for scripts on stdout, never both; remarks on stderr.

import type { Readable, Writable } from 'node:stream';
import { type Ink, inkFor } from './ink.ts';

/** The outside of a process, so that tests can be one. */
export interface Streams {
  readonly stdin: Readable;
  readonly stdout: Writable;
  readonly stderr: Writable;
  readonly env: NodeJS.ProcessEnv;
}

export interface Screen extends Streams {
  readonly json: boolean;
  readonly ink: Ink;
  readonly warnInk: Ink;
  /** For people, on stdout; silent with `--json`. */
  say(text: string): void;
  /** For scripts, one JSON document a line on stdout; silent without `--json`. */
  give(value: unknown): void;
  /** A remark on stderr, in both forms. */
  note(text: string): void;
}

export function screenOn(streams: Streams, json: boolean): Screen {
  const { stdout, stderr, env } = streams;
  return {
    ...streams,
    json,
    ink: inkFor(stdout, env),
    warnInk: inkFor(stderr, env),
    say: (text) => void (json || stdout.write(`${text}\n`)),
    give: (value) => void (json && stdout.write(`${JSON.stringify(value)}\n`)),
    note: (text) => void stderr.write(`${text}\n`),
  };
}
