// Takes up a run again that lost its activity: its worker died or was stopped, or an operator paused or reset the activity.
// It lives and is followed to its end, or it has ended and its host knows how. Never starts an agent.

import type { RunInput, RunReport } from '../domain/run.ts';
import { answerForRun, type Ended, recallToEnd } from './attend.ts';
import type { HostDeps } from './deps.ts';
import { dirOfRun } from './this-task.ts';

export function reattachRun(deps: HostDeps, input: RunInput): Promise<RunReport> {
  const dir = dirOfRun(deps.state, input.task.id, input.n);
  return answerForRun(deps, input, dir, async (attended) => {
    await attended.beats.answered;
    return (await recallToEnd(attended)) ?? unknownHere(input.stateId === deps.stateId);
  });
}

/** In the folder in which it was to be made, its worker died before there was more of it than an offer: only then it never began. */
const unknownHere = (isSameFolder: boolean): Ended => ({
  exit: { endedBy: 'supervisor_lost', vanished: isSameFolder ? 'processes' : 'state', durationMs: 0 },
  entered: !isSameFolder,
  startedAt: new Date().toISOString(),
});
