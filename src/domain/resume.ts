// When a run goes on with the conversation of the one before it, and when that is given up.

import type { Failure } from './failure.ts';
import { RESUMED } from './reactions.ts';
import type { RunRecord, Session } from './run.ts';

interface LastRun {
  readonly failure: Failure;
  /** The one that failed is the last. */
  readonly runs: readonly RunRecord[];
}

/** What the next run may go on with; undefined where it begins afresh. */
export function sessionOf({ failure, runs }: LastRun): Session | undefined {
  const { session: id, boundSession, host, agentVersion } = runs.at(-1) ?? {};
  if (!RESUMED.has(failure.reason) || id === undefined || boundSession || host === undefined) return undefined;
  return { id, host, ...(agentVersion === undefined ? {} : { agentVersion }) };
}

/** A store that is gone, or a conversation that no provider takes: without it the run is another one. */
export const lostItsSession = ({ failure, runs }: LastRun): boolean =>
  failure.reason === 'invalid_request' && runs.at(-1)?.resumes !== undefined;
