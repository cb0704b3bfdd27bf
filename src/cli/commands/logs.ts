// The output of a task's agent: of one run, or with --follow of all that come, as they write.

import { setTimeout as sleep } from 'node:timers/promises';
import type { Connected } from '../../connection.ts';
import type { RunStatus, TaskState } from '../../domain/contract.ts';
import { type LogPiece, type LogPlace, MAX_LOG_WAIT_MS } from '../../domain/run-log.ts';
import { count } from '../../domain/story.ts';
import { CliError, EXIT, type ExitCode } from '../errors.ts';
import { plain } from '../layout.ts';
import { foldersHere, type LogSource, logSource } from '../log-source.ts';
import { printPiece } from '../print-log.ts';
import { readTask, type TaskRead } from '../read-task.ts';
import type { Screen } from '../screen.ts';
import { CALL_MS, taskHandle, within, withServer } from '../server.ts';

export interface LogsOptions {
  readonly run?: number;
  readonly follow?: boolean;
}

const FIRST_LOOK_MS = 250;
/** Each look is a query, which a hosted server bills. */
const SLOWEST_LOOK_MS = 5000;
/** A host that many readers ask gives nothing new at once, instead of waiting. */
const SOONEST_MS = 1000;
const CTRL_C = 130;

/** Follows what is under way until the task is closed or asks. */
export async function logs(id: string, options: LogsOptions, screen: Screen): Promise<ExitCode> {
  const leave = () => process.exit(CTRL_C);
  if (options.follow) process.once('SIGINT', leave);
  try {
    return await withServer(screen, async (server) => {
      const reader = await readerOf(server, id, screen);
      const first = chosen(reader.status, options);
      return options.follow ? await followAll(reader, first) : await printOne(reader, first);
    });
  } finally {
    process.off('SIGINT', leave);
  }
}

type Status = TaskRead['status'];

/** What reading one task's logs needs. `status` is that of the first look. */
interface Reader {
  readonly server: Connected;
  readonly screen: Screen;
  readonly id: string;
  readonly workflowRunId: string;
  readonly status: Status;
  /** Why the task could not be asked. */
  readonly silent?: string;
}

async function readerOf(server: Connected, id: string, screen: Screen): Promise<Reader> {
  const { status, silent } = await readTask(server, id).catch((error) => sayForgotten(error, id, screen.env));
  if (silent !== undefined) screen.note(screen.warnInk.yellow(`From the history: ${silent}.`));
  const { runId } = await within(server, CALL_MS, () => taskHandle(server, id).describe());
  return { server, screen, id, workflowRunId: runId, status, ...(silent !== undefined && { silent }) };
}

/** A server forgets a closed task after its retention; the files may be here all the same. */
async function sayForgotten(error: unknown, id: string, env: NodeJS.ProcessEnv): Promise<never> {
  const left = error instanceof CliError && error.code === 'not_found' ? await foldersHere(id, env) : [];
  if (left.length === 0) throw error;
  throw new CliError(
    'not_found',
    `${(error as CliError).message}\nThe server may have forgotten it. Logs of it lie here: ${left.join(', ')}`,
  );
}

/** The number of the run to begin with; 1 where there is none yet. */
function chosen({ id, state, runs }: Status, { run, follow }: LogsOptions): number {
  const newest = runs.at(-1)?.n;
  const next = (newest ?? 0) + 1;
  const mayCome = follow === true && !CLOSED.has(state);
  if (run === undefined && (newest !== undefined || mayCome)) return newest ?? next;
  if (run !== undefined && (runs.some(({ n }) => n === run) || (mayCome && run === next))) return run;
  if (run === undefined) {
    const wait = CLOSED.has(state) ? `It ended as ${state} without one.` : 'Wait for the first with --follow.';
    throw new CliError('no_run', `${id} has no run yet, so there is no log. ${wait}`);
  }
  const there = runs.length === 0 ? 'there is none yet' : runs.length === 1 ? 'there is only run 1' : `there are runs 1 to ${newest}`;
  throw new CliError('usage', `${id} has no run ${run}: ${there}.`);
}

const CLOSED: ReadonlySet<TaskState> = new Set(['done', 'failed', 'cancelled']);

async function printOne(reader: Reader, n: number): Promise<ExitCode> {
  const { id, status } = reader;
  const run = status.runs.find((one) => one.n === n);
  if (!run?.host)
    throw new CliError(
      'no_log',
      `${sayNoHost(run, n)}, so there is no log.${n > 1 ? ` That of the run before: outlive logs ${id} --run ${n - 1}` : ''}`,
    );
  const source = await sourceOf(reader, run, run.host);
  let from: LogPlace | undefined;
  let isEmpty = true;
  for (;;) {
    const piece = await source.read({ ...(from && { from }), waitMs: 0, over: run.endedAt !== undefined });
    await show(reader, source, n, piece);
    isEmpty &&= piece.stdout === '' && piece.stderr === '';
    if (!piece.more) break;
    from = piece.next;
  }
  if (isEmpty) remark(reader.screen, sayEmpty(run, id));
  return EXIT.ok;
}

const sayEmpty = ({ n, endedAt }: RunStatus, id: string): string =>
  `The agent of run ${n} ${endedAt === undefined ? 'has written nothing yet' : 'wrote nothing'}. What became of it: outlive show ${id}`;

const sayNoHost = (run: RunStatus | undefined, n: number): string =>
  run?.endedAt === undefined ? `No host has taken run ${n} yet` : `Run ${n} ended before a host took it`;

const sourceOf = ({ server, screen, id, workflowRunId, silent }: Reader, { n }: RunStatus, host: string): Promise<LogSource> =>
  logSource(server, { task: id, n, host, workflowRunId }, screen.env, silent);

async function show({ screen }: Reader, source: LogSource, n: number, piece: LogPiece): Promise<void> {
  for (const [stream, bytes] of Object.entries(piece.skippedBytes ?? {}))
    if (bytes > 0) remark(screen, `The first ${count(bytes, 'byte')} of ${stream} are left out. All of it: ${source.place}`);
  await printPiece(screen, n, piece);
}

const remark = ({ note, warnInk }: Screen, text: string): void => note(warnInk.dim(text));

async function followAll(reader: Reader, first: number): Promise<ExitCode> {
  for (let n = first; ; ) {
    const run = await nextRun(reader, n);
    if (!run) return EXIT.ok;
    if (!run.host) remark(reader.screen, `${sayNoHost(run, n)}.`);
    else if (await followOne(reader, run, run.host)) continue;
    n += 1;
  }
}

/** Run n once a host has it, or it has ended without one; undefined where the task is closed or asks instead, which is said. */
async function nextRun({ server, screen, id }: Reader, n: number): Promise<RunStatus | undefined> {
  for (let waitMs = FIRST_LOOK_MS; ; waitMs = Math.min(SLOWEST_LOOK_MS, waitMs * 2)) {
    const { status } = await readTask(server, id);
    const run = status.runs.find((one) => one.n === n);
    if (run && (run.host !== undefined || run.endedAt !== undefined)) return run;
    const { question, result, state } = status;
    if (question) remark(screen, `${id} asks: ${plain(question.text)} What may be answered: outlive show ${id}`);
    else if (CLOSED.has(state)) remark(screen, `${id} is ${state}${result ? `: ${plain(result.because)}` : ''}`);
    else {
      await sleep(waitMs);
      continue;
    }
    return undefined;
  }
}

/** True where another host has the run: this one gave it back before it began. */
async function followOne(reader: Reader, run: RunStatus, host: string): Promise<boolean> {
  const { screen } = reader;
  remark(screen, `run ${run.n} on ${host}`);
  const source = await sourceOf(reader, run, host);
  let from: LogPlace | undefined;
  let over = run.endedAt !== undefined;
  let wasSilent = false;
  for (;;) {
    const since = performance.now();
    const piece = await source.read({ ...(from && { from }), waitMs: over ? 0 : MAX_LOG_WAIT_MS, over }).catch(unlessSilent);
    if (piece instanceof CliError) {
      if (!wasSilent) remark(screen, piece.message);
      wasSilent = true;
      // Whatever became of the run, the rest of its log is where nobody answers.
      if (over) return false;
    } else {
      await show(reader, source, run.n, piece);
      if (piece.ended) return false;
      from = piece.next;
      if (piece.stdout !== '' || piece.stderr !== '') continue;
    }
    const now = await runNow(reader, run.n);
    if (now.host !== undefined && now.host !== host) return true;
    over = now.isOver;
    if (!over) await sleep(Math.max(0, SOONEST_MS - (performance.now() - since)));
  }
}

/** A host whose worker is started again comes back; everything else is an end. */
function unlessSilent(error: unknown): CliError {
  if (error instanceof CliError && error.code === 'host_silent') return error;
  throw error;
}

async function runNow({ server, id }: Reader, n: number): Promise<{ readonly isOver: boolean; readonly host: string | undefined }> {
  const { status } = await readTask(server, id);
  const run = status.runs.find((one) => one.n === n);
  return { isOver: CLOSED.has(status.state) || run?.endedAt !== undefined, host: run?.host };
}
