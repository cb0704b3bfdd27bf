// Speaks with `codex app-server`: one thread, one turn. It says why a turn failed in typed fields, where `codex exec` has only
// prose. What matters goes to stdout as it came, one notification a line; the reader of src/agents/codex.ts reads it.
//
// Exit: 0 the turn is completed, 1 it failed, else as the server ended that should have gone on.

import { type ChildProcess, spawn } from 'node:child_process';
import { readDriverOrder } from './driver-order.ts';
import { exitLike, type Message, tell } from './json-lines.ts';
import { ProgramEnded, RpcError, startRpc } from './json-rpc.ts';

/** `argv` is that of the app-server; `exec` does the same work in a Codex that has none. */
interface Told {
  readonly argv: readonly string[];
  readonly exec: readonly string[];
  readonly prompt: string;
  readonly resume?: string;
  /** Parameters of the thread: model, sandbox, approvalPolicy. */
  readonly thread: Message;
}

/** Deltas are left out: a run of hours would fill the disk with the model's words, piece by piece. */
const TOLD =
  /^(?:error|turn\/|thread\/tokenUsage\/|item\/(?:started|completed)$|account\/rateLimits\/|warning|model\/rerouted|configWarning)/;
/** But for a sign of life now and then: a command may print for an hour. */
const SIGN_EVERY_MS = 10_000;
/** A row of notices that it tries again, with nothing else between: it would go on for ever where the network is gone. */
const LONGEST_ROW = { notices: 20, ms: 120_000 };
const USAGE_ERROR = 2;
const ANSWER_MS = 5000;

const told = await readDriverOrder<Told>();
let row: { readonly since: number; notices: number } | undefined;
let turn: { readonly threadId: string; readonly turnId: string } | undefined;
let fallback: ChildProcess | undefined;
/** When the last one was told; the first ones of a process follow its beginning at once. */
let signAt = performance.now();
let isOver = false;

const rpc = startRpc(told.argv, {
  notified: (method, params) => void heard(method, params),
  // Nobody is there to be asked; what it may do without asking is in its settings.
  called: () => ({ decision: 'decline' }),
});
process.on('SIGTERM', () => void leave(exitLike({ code: null, signal: 'SIGTERM' })));

async function heard(method: string, params: Message): Promise<void> {
  if (isOver) return;
  if (method === 'turn/completed') return complete(params);
  if (TOLD.test(method)) tell({ method, params });
  else tellSign(method);
  if (method === 'error' && params['willRetry'] === true) await countNotice(params['error']);
  else if (method !== 'thread/status/changed') row = undefined;
}

function tellSign(method: string): void {
  if (performance.now() - signAt < SIGN_EVERY_MS) return;
  signAt = performance.now();
  tell({ method });
}

async function countNotice(error: unknown): Promise<void> {
  row ??= { since: performance.now(), notices: 0 };
  row.notices += 1;
  if (row.notices < LONGEST_ROW.notices && performance.now() - row.since < LONGEST_ROW.ms) return;
  tell({ method: 'outlive/gaveUp', params: { error, notices: row.notices } });
  await leave(1);
}

async function complete(params: Message): Promise<void> {
  const { status, error } = (params['turn'] ?? {}) as Message;
  // Why it failed names no reset; the account does.
  if ((error as Message | null)?.['codexErrorInfo'] === 'usageLimitExceeded') await tellLimits();
  tell({ method: 'turn/completed', params });
  await leave(status === 'completed' ? 0 : 1);
}

async function tellLimits(): Promise<void> {
  const late = new Promise<undefined>((resolve) => setTimeout(() => resolve(undefined), ANSWER_MS).unref());
  const limits = await Promise.race([rpc.call('account/rateLimits/read', null), late]).catch(() => undefined);
  if (limits) tell({ method: 'account/rateLimits/updated', params: limits });
}

async function leave(code: number): Promise<void> {
  if (isOver) return;
  isOver = true;
  if (turn) void rpc.call('turn/interrupt', turn).catch(() => undefined);
  fallback?.kill('SIGTERM');
  await rpc.speaker.end();
  process.exit(code);
}

async function converse(): Promise<void> {
  const began = await rpc.call('initialize', {
    clientInfo: { name: 'outlive', title: 'Outlive', version: '0' },
    capabilities: null,
  });
  rpc.notify('initialized');
  tell({ method: 'outlive/began', params: { userAgent: began['userAgent'] } });
  const settings = { cwd: process.cwd(), ...told.thread };
  const started = (await goOn(settings)) ?? (await rpc.call('thread/start', settings));
  const thread = started['thread'] as { readonly id: string };
  tell({ method: 'thread/started', params: { thread: { id: thread.id } } });
  const begun = await rpc.call('turn/start', {
    threadId: thread.id,
    input: [{ type: 'text', text: told.prompt, text_elements: [] }],
  });
  turn = { threadId: thread.id, turnId: ((begun['turn'] ?? {}) as { readonly id: string }).id };
  const end = await rpc.speaker.ended;
  if (!isOver) tell({ final: { programEnded: end.signal ?? end.code } });
  if (!isOver) process.exit(exitLike(end) || 1);
}

/** The thread of an earlier run; undefined where there is none, or where this host has lost it: the prompt says everything once more. */
async function goOn(settings: Message): Promise<Message | undefined> {
  if (told.resume === undefined) return undefined;
  try {
    return await rpc.call('thread/resume', { threadId: told.resume, excludeTurns: true, ...settings });
  } catch (error) {
    if (!(error instanceof RpcError)) throw error;
    tell({ method: 'warning', params: { message: `the thread ${told.resume} could not be gone on with: ${error.message}` } });
    return undefined;
  }
}

/** It ends with its usage before it has said a word: it knows no app-server. */
const knowsNoAppServer = (error: unknown): boolean => error instanceof ProgramEnded && error.end.code === USAGE_ERROR && turn === undefined;

function execInstead(): void {
  tell({ method: 'warning', params: { message: 'this Codex has no app-server: its exec mode does the work' } });
  const [program = '', ...args] = told.exec;
  fallback = spawn(program, args, { stdio: ['ignore', 'inherit', 'inherit'] });
  fallback.once('exit', (code, signal) => process.exit(exitLike({ code, signal })));
}

converse().catch(async (error: unknown) => {
  if (isOver) return;
  if (knowsNoAppServer(error)) return execInstead();
  if (error instanceof ProgramEnded) process.exit(exitLike(error.end) || 1);
  tell({ method: 'error', params: { error: error instanceof RpcError ? error.error : { message: String(error) }, willRetry: false } });
  await leave(1);
});
