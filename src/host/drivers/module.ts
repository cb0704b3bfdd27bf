// Calls a user's own function as an agent. The file is theirs and runs in this very process, so that nothing of theirs can
// touch the worker: whatever it does, this process has one end, and the result file says which.
//
// Exit: 0 it returned, 1 it threw or left without an answer.

import { writeFile } from 'node:fs/promises';
import { extname, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { inspect } from 'node:util';
import { isReason, REASON_NAMES } from '../../domain/failure.ts';
import { isRunFailure, type RunFailure } from '../../domain/run-failure.ts';
import { readDriverOrder } from './driver-order.ts';
import { tell } from './json-lines.ts';

interface Told {
  readonly path: string;
  readonly prompt: string;
  readonly session: string;
  readonly resume?: string;
}

type Work = (task: object, context: object) => unknown;

let isSettled = false;

/** A function that waits for what never comes leaves an empty process, and one that calls `process.exit` a silent one. */
process.on('exit', () => {
  if (isSettled) return;
  console.error('The module left without an answer: its function neither returned nor threw.');
  process.exitCode = 1;
});

async function settle(result: object, code: number): Promise<never> {
  await writeFile(process.env['OUTLIVE_RESULT_FILE'] ?? 'result.json', JSON.stringify(result));
  return leave(code);
}

/** Open handles of theirs keep nobody here. */
function leave(code: number): never {
  isSettled = true;
  process.exit(code);
}

async function load(path: string): Promise<Work> {
  const file = resolve(path);
  if (/^\.[cm]?ts$/.test(extname(file))) (await import('tsx/esm/api')).register();
  const loaded = (await import(pathToFileURL(file).href)) as { readonly default?: unknown };
  // A CommonJS file that was compiled from TypeScript has its default export inside the other one.
  const work = (loaded.default as { readonly default?: unknown } | undefined)?.default ?? loaded.default;
  if (typeof work === 'function') return work as Work;
  throw new Error(`${path} has no function as its default export; expected export default async (task, {signal, report}) => …`);
}

async function work(told: Told): Promise<never> {
  const stopping = new AbortController();
  process.on('SIGTERM', () => stopping.abort());
  let call: Work;
  try {
    call = await load(told.path);
  } catch (error) {
    // The same file would fail in the same way anywhere.
    console.error(error);
    return settle({ outcome: 'failed', reason: 'invalid_request', note: `${told.path} could not be loaded: ${sayError(error)}` }, 1);
  }
  tell({ outlive: { event: 'began', session: told.resume ?? told.session } });
  const task = {
    id: process.env['OUTLIVE_TASK'],
    run: Number(process.env['OUTLIVE_RUN']),
    prompt: told.prompt,
    workspace: process.cwd(),
    session: told.session,
    ...(told.resume === undefined ? {} : { resume: told.resume }),
  };
  const report = (said: object) => tell({ outlive: { event: 'report', ...said } });
  try {
    return await returned(await call(task, { signal: stopping.signal, report }));
  } catch (error) {
    if (isSettled) throw error;
    return await threw(error);
  }
}

async function returned(value: unknown): Promise<never> {
  tell({ outlive: { event: 'returned' } });
  return settle({ outcome: 'finished', ...(typeof value === 'object' && value !== null ? value : {}) }, 0);
}

async function threw(error: unknown): Promise<never> {
  if (isRunFailure(error)) return isReason(error.reason) ? settle(failureOf(error), 1) : refuse(error);
  console.error(error);
  tell({ outlive: { event: 'threw', error: fieldsOf(error) } });
  return leave(1);
}

const failureOf = ({ reason, details }: RunFailure): object => ({ outcome: 'failed', reason, ...details });

function refuse({ reason }: RunFailure): never {
  console.error(`RunFailure says ${inspect(reason)}, which is no reason; expected one of ${REASON_NAMES.join(', ')}`);
  return leave(1);
}

/** An error's own fields are not seen by JSON, and its cause neither. */
function fieldsOf(error: unknown, depth = 0): unknown {
  if (!(error instanceof Error) || depth > 3) return error;
  const { name, message, cause } = error;
  return { ...plain(error), name, message, ...(cause === undefined ? {} : { cause: fieldsOf(cause, depth + 1) }) };
}

/** Without what JSON cannot hold. */
function plain(value: object): object {
  try {
    return JSON.parse(JSON.stringify(value)) as object;
  } catch {
    return {};
  }
}

const sayError = (error: unknown): string => (error instanceof Error ? error.message : inspect(error));

const told = await readDriverOrder<Told>();
await work(told);
