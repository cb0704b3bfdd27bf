// Takes up a run again that lost its activity: its worker died or was stopped, or an operator paused or reset the activity.
// It lives and is followed to its end, or it has ended and its host knows how. Never starts an agent.

import { overAfterMs, type RunInput, type RunReport } from '../domain/run.ts';
import { endTree } from '../host/process-tree.ts';
import { runMark } from '../host/state-dir.ts';
import { type Attended, answerForRun, type Ended, recallToEnd } from './attend.ts';
import type { HostDeps } from './deps.ts';
import { RunTaken } from './heartbeats.ts';
import { sleepUnless } from './sleep-unless.ts';
import { dirOfRun } from './this-task.ts';

const GRACE_MS = 5000;

export function reattachRun(deps: HostDeps, input: RunInput): Promise<RunReport> {
  const dir = dirOfRun(deps.state, input.task.id, input.n);
  return answerForRun(deps, input, dir, async (attended) => {
    await attended.beats.answered;
    const known = await recallToEnd(attended);
    if (known) return known;
    return input.stateId === deps.stateId ? unknownHere('processes') : outOfSight(attended);
  });
}

/**
 * Its folder is lost, or on another machine that has this name too: its agent may be at work, and what cannot be ended
 * here is over only when its lease is.
 */
async function outOfSight({ input, dir, beats }: Attended): Promise<Ended> {
  await endTree({ mark: runMark(dir), graceMs: GRACE_MS });
  await sleepUnless(overAfterMs(input.leaseMs), beats.signal);
  if (beats.signal.aborted && beats.signal.reason !== 'cancel') throw new RunTaken(beats.signal.reason);
  return unknownHere('state');
}

/** In the folder in which it was to be made, its worker died before there was more of it than an offer: only then it never began. */
const unknownHere = (vanished: 'processes' | 'state'): Ended => ({
  exit: { endedBy: 'supervisor_lost', vanished, durationMs: 0 },
  entered: vanished === 'state',
  startedAt: new Date().toISOString(),
});
