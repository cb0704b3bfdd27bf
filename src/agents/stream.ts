// A run's stream while it grows: fed piece by piece as it comes, it tells what reading it all at once would tell.

import type { Reader } from './agent.ts';
import { type Heard, nothingHeard } from './heard.ts';
import { readLine } from './reading.ts';

/** A longer line is not kept. Characters. */
const LONGEST_LINE = 1024 * 1024;

export interface AgentStream {
  /** The next piece, cut anywhere. */
  feed(piece: string): void;
  /** What was heard so far. */
  readonly heard: Readonly<Heard>;
  /** Lines that show that the agent goes on: all but its own notices that it tries again. Only grows. */
  readonly signsOfLife: number;
}

export function readAgentStream(reader: Reader): AgentStream {
  const heard = nothingHeard();
  let rest = '';
  let isTooLong = false;
  let signsOfLife = 0;
  const read = (line: string) => {
    if (line.trim() === '') return;
    const { retry } = heard;
    const kind = readLine(line, false, reader, heard);
    const isRetry = kind === 'event' ? heard.retry !== undefined && heard.retry !== retry : saysRetry(line, reader);
    if (!isRetry) signsOfLife++;
  };
  return {
    heard,
    get signsOfLife() {
      return signsOfLife;
    },
    feed: (piece) => {
      const lines = piece.split('\n');
      const last = lines.pop() ?? '';
      for (const line of lines) {
        if (!isTooLong) read(rest + line);
        else signsOfLife++;
        rest = '';
        isTooLong = false;
      }
      isTooLong ||= rest.length + last.length > LONGEST_LINE;
      rest = isTooLong ? '' : rest + last;
    },
  };
}

const saysRetry = (line: string, { retries = [] }: Reader): boolean => retries.some((notice) => line.search(notice) >= 0);
