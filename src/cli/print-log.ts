// Puts pieces of a run's log out: the agent's stdout to stdout, its stderr to stderr, as they are; or as JSON lines.

import type { Writable } from 'node:stream';
import type { LogPiece } from '../domain/run-log.ts';
import type { Screen } from './screen.ts';

/** Resolves once it is written. Rejects with EPIPE where nobody reads any more. */
export async function printPiece({ stdout, stderr, json }: Screen, run: number, piece: LogPiece): Promise<void> {
  if (json) return write(stdout, [...jsonLines(run, 'stdout', piece.stdout), ...jsonLines(run, 'stderr', piece.stderr)].join(''));
  await write(stdout, asShown(stdout, piece.stdout));
  await write(stderr, asShown(stderr, piece.stderr));
}

/** One object for each line that the agent wrote, without the line's end. */
function jsonLines(run: number, stream: 'stdout' | 'stderr', text: string): string[] {
  const lines = text.replace(/\n$/, '').split('\n');
  return text === '' ? [] : lines.map((line) => `${JSON.stringify({ run, stream, text: line })}\n`);
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: a colour begins with one
const COLOUR_OR_ORDER = /(\u001b\[[\d;:]*m)|(?![\n\t])[\p{Cc}\u202a-\u202e\u2066-\u2069]/gu;

/** A terminal obeys what is printed on it, and this was written by an agent: colours pass, all other orders do not. */
function asShown(stream: Writable, text: string): string {
  if (!('isTTY' in stream && stream.isTTY === true)) return text;
  return text.replace(/\r\n?/g, '\n').replace(COLOUR_OR_ORDER, (_, colour?: string) => colour ?? '');
}

function write(stream: Writable, text: string): Promise<void> {
  if (text === '') return Promise.resolve();
  return new Promise((resolve, reject) => {
    stream.write(text, (error) => (error ? reject(error) : resolve()));
  });
}
