// What an agent's own events tell while it runs: that it lives, and that it has used up what one run may use.

import { closeSync, openSync, readSync } from 'node:fs';
import { StringDecoder } from 'node:string_decoder';
import type { Agent } from '../agents/agent.ts';
import type { Heard } from '../agents/heard.ts';
import { readAgentStream } from '../agents/stream.ts';
import type { RunLimits } from '../domain/task.ts';
import type { Signs } from '../host/follow.ts';

const PIECE_BYTES = 256 * 1024;
/** At one look: a worker that takes up a long run again has other runs to look after too. */
const PIECES_AT_A_LOOK = 32;

/** `onAnswer` is called once, when its model has answered for the first time. undefined for an agent without events: then every growth of its output is a sign of life. */
export function signsOf({ reader }: Agent, stdout: string, limits: RunLimits, onAnswer: () => void): Signs | undefined {
  if (!reader) return undefined;
  const stream = readAgentStream(reader);
  const follow = followFile(stdout, (text) => stream.feed(text));
  let isAnswered = false;
  return {
    look: () => {
      follow(PIECES_AT_A_LOOK);
      if (!isAnswered && stream.heard.turns > 0) {
        isAnswered = true;
        onAnswer();
      }
      return stream.signsOfLife;
    },
    overLimit: () => {
      const { turns, costUsd } = stream.heard;
      if (limits.turns !== undefined && turns > limits.turns) return 'turn_limit';
      return limits.costUsd !== undefined && costUsd !== undefined && costUsd > limits.costUsd ? 'budget' : undefined;
    },
  };
}

/** Everything that was heard of a run that has ended. */
export async function hearAll({ reader }: Agent, stdout: string): Promise<Readonly<Heard> | undefined> {
  if (!reader) return undefined;
  const stream = readAgentStream(reader);
  const follow = followFile(stdout, (text) => stream.feed(text));
  // A stream of a gigabyte takes seconds: in between others have their turn.
  while (follow(1)) await new Promise(setImmediate);
  // Its last line may have no end.
  stream.feed('\n');
  return stream.heard;
}

/** Reads on from where it stopped, at most that many pieces; true where there may be more. */
function followFile(file: string, read: (text: string) => void): (pieces: number) => boolean {
  const decoder = new StringDecoder('utf8');
  const piece = Buffer.alloc(PIECE_BYTES);
  let at = 0;
  return (pieces) => {
    let fd: number | undefined;
    try {
      fd = openSync(file, 'r');
      for (let n = 0; n < pieces; n++) {
        const bytes = readSync(fd, piece, 0, PIECE_BYTES, at);
        if (bytes === 0) return false;
        at += bytes;
        read(decoder.write(piece.subarray(0, bytes)));
      }
      return true;
    } catch {
      // Not there yet, or the agent has done something to it; thrown in a timer, that would end the worker.
      return false;
    } finally {
      if (fd !== undefined) closeSync(fd);
    }
  };
}
