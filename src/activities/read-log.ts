// A piece of a run's output, for somebody on another machine. It runs on the host where the output lies.

import { ApplicationFailure, Context } from '@temporalio/activity';
import { LOG_GONE, LOG_REFUSED, type LogAsk, type LogPiece, logAskProblem } from '../domain/run-log.ts';
import { followRunLog, RunLogGone } from '../host/run-log.ts';
import { runDir } from '../host/state-dir.ts';
import type { Deps } from './deps.ts';

/** For each stream. JSON may take six bytes for one of a log, two streams go into a payload, and that may have 2 MiB. */
const PIECE_BYTES = 128 * 1024;
/** The seats of the host's queue are for settling and finishing: readers who wait take only some of them. */
const MOST_WAITING = 8;
let waiting = 0;

export async function readLog(deps: Deps, ask: LogAsk): Promise<LogPiece> {
  const problem = logAskProblem(ask);
  if (problem) throw failure(LOG_REFUSED, `This is no question for a log: ${problem}.`);
  const { task, workflowRunId, n, from, over } = ask;
  const dir = runDir(deps.state, task, n, workflowRunId);
  const waitMs = waiting < MOST_WAITING ? ask.waitMs : 0;
  waiting += 1;
  try {
    const reading = { from: from ?? undefined, over: over ?? undefined, maxBytes: PIECE_BYTES, redact: deps.redact };
    return await followRunLog(dir, reading, { waitMs, signal: Context.current().cancellationSignal });
  } catch (error) {
    if (!(error instanceof RunLogGone)) throw error;
    const words = `The log of run ${n} of ${task} is no longer on host ${deps.host}: its folder was removed. What mattered of it is in the task's story.`;
    throw failure(LOG_GONE, words);
  } finally {
    waiting -= 1;
  }
}

const failure = (type: string, message: string): ApplicationFailure => ApplicationFailure.create({ type, message, nonRetryable: true });
