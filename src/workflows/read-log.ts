// Brings a piece of a run's output from the run's host to a reader who cannot reach that host. One activity, and no
// second try: the reader is there, and decides.

import { ActivityFailure, ApplicationFailure, proxyActivities, TimeoutFailure } from '@temporalio/workflow';
import type { HostActivities } from '../domain/contract.ts';
import { hostQueue, shortRunId } from '../domain/names.ts';
import { type HostLogAsk, hostLogAskProblem, LOG_HOST_SILENT, LOG_REFUSED, type LogPiece } from '../domain/run-log.ts';

/** A host that lives takes it at once. */
const HOST_TAKES_MS = 10_000;
const SLACK_MS = 10_000;

export async function readLog(ask: HostLogAsk): Promise<LogPiece> {
  const problem = hostLogAskProblem(ask);
  if (problem) throw failure(LOG_REFUSED, `This is no question for a log: ${problem}.`);
  const { host, ...asked } = ask;
  const { readLog } = proxyActivities<Pick<HostActivities, 'readLog'>>({
    taskQueue: hostQueue(host),
    scheduleToStartTimeout: HOST_TAKES_MS,
    startToCloseTimeout: ask.waitMs + SLACK_MS,
    retry: { maximumAttempts: 1 },
    summary: `log of run ${ask.n} of ${ask.task}`,
  });
  try {
    return await readLog(asked);
  } catch (error) {
    throw inWords(error, ask);
  }
}

/** A plain error would block the workflow, and "Activity task failed" says nothing. */
function inWords(error: unknown, { host, n, task, workflowRunId }: HostLogAsk): unknown {
  if (!(error instanceof ActivityFailure)) return error;
  const { cause } = error;
  const lies = `The log of run ${n} of ${task} lies there, in runs/${task}/${n}-${shortRunId(workflowRunId)} of the host's state folder (~/.local/state/outlive/${host} as a rule).`;
  if (cause instanceof TimeoutFailure) return failure(LOG_HOST_SILENT, `Host ${host} does not answer. ${lies}`);
  if (!(cause instanceof ApplicationFailure)) return error;
  if (cause.type === 'NotFoundError')
    return failure(LOG_HOST_SILENT, `The worker of host ${host} is of a version that gives no logs. ${lies}`);
  return failure(cause.type ?? 'Error', cause.message);
}

const failure = (type: string, message: string): ApplicationFailure => ApplicationFailure.create({ type, message, nonRetryable: true });
