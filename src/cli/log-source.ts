// Where the log of a run is read: from its files where this machine is the run's host, else through the server, which asks
// that host. Either way it comes in the same pieces.

import { randomUUID } from 'node:crypto';
import { constants } from 'node:fs';
import { access, readdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Connected } from '../connection.ts';
import { CONTROL_QUEUE, logWorkflowId, READ_LOG_WORKFLOW, shortRunId } from '../domain/names.ts';
import { type HostLogAsk, LOG_GONE, LOG_HOST_SILENT, type LogAsk, type LogPiece } from '../domain/run-log.ts';
import { redactFor } from '../host/redact.ts';
import { followRunLog, RunLogGone } from '../host/run-log.ts';
import { type RunDir, runDir, stateDir } from '../host/state-dir.ts';
import { CliError } from './errors.ts';
import { within } from './server.ts';

/** The run of which the log is wanted. */
export interface LoggedRun {
  readonly task: string;
  readonly n: number;
  readonly host: string;
  readonly workflowRunId: string;
}

export type Piecewise = Pick<LogAsk, 'from' | 'waitMs' | 'over'>;

export interface LogSource {
  /** In words, for whoever wants all of it. */
  readonly place: string;
  /** Throws CliError `log_gone`, `host_silent` or `no_worker`. */
  read(asked: Piecewise): Promise<LogPiece>;
}

/** For each stream; nothing of it goes through the server. */
const PIECE_BYTES = 1024 * 1024;
/** A living host takes the question within 10 s and has 10 s to answer it. */
const ANSWER_MS = 25_000;
/** On top of what the server is given, so that the server's word comes first. */
const SERVER_MS = 5000;

/** `silent`: why no worker answers; then only what lies here can be read. Throws CliError `no_worker`. */
export async function logSource(server: Connected, run: LoggedRun, env: NodeJS.ProcessEnv, silent?: string): Promise<LogSource> {
  const dir = runDir(stateDir(run.host, env), run.task, run.n, run.workflowRunId);
  if (await isReadable(dir)) return { place: dir.root, read: (asked) => readHere(dir, run, asked, env) };
  const place = `runs/${run.task}/${run.n}-${shortRunId(run.workflowRunId)} of the state folder of host ${run.host}`;
  if (silent !== undefined) throw new CliError('no_worker', `Nobody can be asked for the log: ${silent}. It lies in ${place}.`);
  return { place, read: (asked) => readFromAfar(server, { ...run, ...asked }) };
}

/** The files may be another user's: the worker reads them then. */
async function isReadable({ root, stdout, stderr }: RunDir): Promise<boolean> {
  const may = (path: string, how: number) =>
    access(path, how).then(
      () => 'yes',
      ({ code }: NodeJS.ErrnoException) => code,
    );
  const [folder, ...files] = await Promise.all([
    may(root, constants.R_OK | constants.X_OK),
    may(stdout, constants.R_OK),
    may(stderr, constants.R_OK),
  ]);
  return folder === 'yes' && files.every((file) => file === 'yes' || file === 'ENOENT');
}

async function readHere(dir: RunDir, { n, task }: LoggedRun, { waitMs, ...asked }: Piecewise, env: NodeJS.ProcessEnv): Promise<LogPiece> {
  try {
    return await followRunLog(dir, { ...asked, maxBytes: PIECE_BYTES, redact: redactFor(env) }, { waitMs });
  } catch (error) {
    if (error instanceof RunLogGone) throw new CliError('log_gone', `The log of run ${n} of ${task} was removed meanwhile: ${dir.root}.`);
    throw error;
  }
}

async function readFromAfar(server: Connected, ask: HostLogAsk): Promise<LogPiece> {
  const { task, n, host, waitMs } = ask;
  const timeoutMs = waitMs + ANSWER_MS;
  const read = () =>
    server.client.workflow.execute<(ask: HostLogAsk) => Promise<LogPiece>>(READ_LOG_WORKFLOW, {
      workflowId: logWorkflowId(task, n, randomUUID()),
      taskQueue: CONTROL_QUEUE,
      args: [ask],
      workflowExecutionTimeout: timeoutMs,
      staticSummary: `log of run ${n} of ${task} on ${host}`,
    });
  try {
    return await within(server, timeoutMs + SERVER_MS, read);
  } catch (error) {
    throw inWords(error) ?? error;
  }
}

const CODES: Readonly<Record<string, string>> = { [LOG_GONE]: 'log_gone', [LOG_HOST_SILENT]: 'host_silent' };

function inWords(error: unknown): CliError | undefined {
  const cause = error instanceof Error && error.name === 'WorkflowFailedError' ? error.cause : undefined;
  if (!(cause instanceof Error)) return undefined;
  if (cause.name === 'TimeoutFailure')
    return new CliError('no_worker', 'No worker brought the log within its time: look with `outlive doctor`, or read it on its host.');
  return new CliError(('type' in cause && CODES[String(cause.type)]) || 'log_failed', cause.message);
}

/** Folders of a task's runs on this machine, under whatever host: what is left of a task that the server has forgotten. */
export async function foldersHere(task: string, env: NodeJS.ProcessEnv): Promise<readonly string[]> {
  const hosts = dirname(stateDir('any', env));
  const names = await readdir(hosts).catch(() => []);
  const folders = names.map((host) => join(hosts, host, 'runs', task));
  const there = await Promise.all(
    folders.map((folder) =>
      access(folder).then(
        () => true,
        () => false,
      ),
    ),
  );
  return folders.filter((_, place) => there[place]);
}
