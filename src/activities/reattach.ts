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
    return (await recallToEnd(attended)) ?? neverPrepared();
  });
}

/** Its worker died before there was anything of it but an offer. */
const neverPrepared = (): Ended => ({
  exit: { endedBy: 'supervisor_lost', vanished: 'processes', durationMs: 0 },
  entered: false,
  startedAt: new Date().toISOString(),
});
