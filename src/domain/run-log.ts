// What a run wrote, on its way to whoever reads it: what is asked of the run's host, and the piece that comes back. Anybody
// who reaches the server may ask, so what is asked is read with care: parts of it become paths and names of queues.

import { QUEUE_WORD, TASK_ID } from './names.ts';

/** Places in the two files, in bytes. */
export interface LogPlace {
  readonly stdout: number;
  readonly stderr: number;
}

export interface LogAsk {
  readonly task: string;
  /** Temporal's id of the workflow run that the run belongs to. */
  readonly workflowRunId: string;
  readonly n: number;
  /** `next` of the piece before. Left out: about the last MiB of each file. */
  readonly from?: LogPlace;
  /** How long to wait where nothing is new, in milliseconds; at most MAX_LOG_WAIT_MS. */
  readonly waitMs: number;
  /** The task has the run's end on record: nobody finishes its last line any more. */
  readonly over?: boolean;
}

/** What the workflow `readLog` is started with. */
export interface HostLogAsk extends LogAsk {
  readonly host: string;
}

/** Redacted, and cut where a line ends as far as lines end at all. */
export interface LogPiece {
  readonly stdout: string;
  readonly stderr: string;
  readonly next: LogPlace;
  /** More is there already. */
  readonly more: boolean;
  /** The run is over, and this was the last of it. */
  readonly ended: boolean;
  /** Bytes before the first piece that were left out. */
  readonly skippedBytes?: LogPlace;
}

export const MAX_LOG_WAIT_MS = 20_000;

/** Types of ApplicationFailure: there is nothing to read any more, the host does not answer, what was asked is no question. */
export const LOG_GONE = 'log.gone';
export const LOG_HOST_SILENT = 'log.host_silent';
export const LOG_REFUSED = 'log.refused';

/** Each field: is it well formed, and what is expected. */
const FIELDS = {
  task: [(value) => typeof value === 'string' && TASK_ID.test(value), 'the id of a task'],
  workflowRunId: [(value) => typeof value === 'string' && /^[0-9a-f-]{8,64}$/.test(value), "Temporal's id of a workflow run"],
  n: [(value) => isWhole(value) && Number(value) >= 1, 'the number of a run'],
  from: [
    (value) => value === undefined || value === null || (isRecord(value) && isWhole(value['stdout']) && isWhole(value['stderr'])),
    '{"stdout": bytes, "stderr": bytes}',
  ],
  waitMs: [(value) => isWhole(value) && Number(value) <= MAX_LOG_WAIT_MS, `milliseconds, at most ${MAX_LOG_WAIT_MS}`],
  over: [(value) => value === undefined || value === null || typeof value === 'boolean', 'true or false'],
} satisfies Record<keyof LogAsk, readonly [(value: unknown) => boolean, string]>;

/** What is wrong with a LogAsk that somebody sent, in one line; undefined where nothing is. */
export function logAskProblem(sent: unknown): string | undefined {
  if (!isRecord(sent)) return `a log is asked for with {${Object.keys(FIELDS).join(', ')}}`;
  const wrong = Object.entries(FIELDS).find(([name, [isRight]]) => !isRight(sent[name]));
  return wrong && `"${wrong[0]}" must be ${wrong[1][1]}`;
}

/** The same for a HostLogAsk. */
export function hostLogAskProblem(sent: unknown): string | undefined {
  const isHost = isRecord(sent) && typeof sent['host'] === 'string' && QUEUE_WORD.test(sent['host']);
  return logAskProblem(sent) ?? (isHost ? undefined : '"host" must be the id of a host');
}

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value);
const isWhole = (value: unknown): boolean => Number.isSafeInteger(value) && Number(value) >= 0;
