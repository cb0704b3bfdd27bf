// Colour, on a terminal only, and never where NO_COLOR is set.

import type { Writable } from 'node:stream';

export type Paint = (text: string) => string;
export interface Ink {
  readonly bold: Paint;
  readonly dim: Paint;
  readonly red: Paint;
  readonly green: Paint;
  readonly yellow: Paint;
}

const paint =
  (on: number, off: number): Paint =>
  (text) =>
    `\u001b[${on}m${text}\u001b[${off}m`;
const none: Paint = (text) => text;

export const PLAIN: Ink = { bold: none, dim: none, red: none, green: none, yellow: none };
export const COLOURED: Ink = { bold: paint(1, 22), dim: paint(2, 22), red: paint(31, 39), green: paint(32, 39), yellow: paint(33, 39) };

export function inkFor(stream: Writable, env: NodeJS.ProcessEnv): Ink {
  const isTerminal = 'isTTY' in stream && stream.isTTY === true && env['TERM'] !== 'dumb';
  return isTerminal && !env['NO_COLOR'] ? COLOURED : PLAIN;
}
