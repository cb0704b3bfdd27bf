// Agents that speak the Agent Client Protocol: JSON-RPC messages, one a line, as they are or as a client records both
// directions (`{"<": …}` from the agent, `{">": …}` to it). `end_turn` is no success: adapters hide failures in `_meta`.

import type { Reason } from '../domain/failure.ts';
import { PROCESS_RULES } from '../domain/process-rules.ts';
import { quirkOf } from './acp-quirks.ts';
import type { Agent, Launch, Reader, Start } from './agent.ts';
import { CLAUDE_ERRORS } from './claude.ts';
import { hearRetry, hearTurnError } from './codex.ts';
import { errorStatus, errorWords, statusIn } from './error-words.ts';
import { GEMINI_RETRIES, GOOGLE_WORDS } from './gemini.ts';
import { asked, denied, failed, finished, type Heard, spentInAll, spoke, toolBegan } from './heard.ts';
import { count, isJson, type Json, json, list, text } from './json.ts';
import { type Named, named, STOPS } from './named.ts';
import { OPENCODE_ERRORS } from './opencode.ts';
import { QWEN_RETRIES } from './qwen.ts';
import { tokensIn } from './tokens.ts';
import { UNDICI_RULES } from './undici.ts';

/** JSON-RPC codes of the protocol. Gemini puts the HTTP status there instead. */
const CODES: ReadonlyMap<unknown, Reason> = new Map([
  [-32_002, 'invalid_request'],
  [-32_800, 'cancelled'],
]);
const AUTH_REQUIRED = -32_000;

const UPDATE = String.raw`^(?:\{"<":)?\{"jsonrpc":"2\.0","method":"session/update","params":\{"sessionId":"[^"]{0,80}","update":\{"sessionUpdate":`;

export const acpReader: Reader = {
  hear,
  heads: [
    { head: new RegExp(`${UPDATE}"agent_message_chunk"`), tell: hearTalk },
    { head: new RegExp(`${UPDATE}"tool_call(?:_update)?","toolCallId":"[^"]{0,200}","status":"`), tell: hearTool },
  ],
  rules: [...GOOGLE_WORDS, ...UNDICI_RULES, ...PROCESS_RULES],
  retries: [...GEMINI_RETRIES, ...QWEN_RETRIES],
};

/** The model's words tell no more than that it speaks; an adapter's own have to be read. */
function hearTalk(heard: Heard, chunk: string): boolean {
  if (heard.stopReason === 'systemError' || (chunk.includes('"messageId":"') && !chunk.includes('"messageId":"msg_'))) return false;
  return spoke(heard);
}

/** The first status of the line is the call's: what the model gave it to do comes after. */
function hearTool(heard: Heard, call: string): true {
  if (!heard.isOver) hearStatus(/"status":"(\w{1,40})/.exec(call)?.[1], heard);
  return true;
}

function hearStatus(status: unknown, heard: Heard): void {
  if (status === 'completed' || status === 'failed') asked(heard);
  else if (status !== undefined) toolBegan(heard);
}

function hear(event: Json, heard: Heard): boolean {
  if (isJson(event['>'])) hearClient(event['>'], heard);
  else if (isJson(event['<'])) hearAgent(event['<'], heard);
  else if (event['jsonrpc'] === '2.0') hearAgent(event, heard);
  else return 'final' in event;
  return true;
}

function hearClient({ method, result }: Json, heard: Heard): void {
  if (method === 'session/prompt') {
    heard.isOver = false;
    asked(heard);
  }
  const answer = json(json(result)['outcome']);
  if (answer['outcome'] === 'cancelled' || heard.refusals.includes(answer['optionId'])) denied(heard, heard.wants);
}

function hearAgent(message: Json, heard: Heard): void {
  const params = json(message['params']);
  if (message['method'] === 'session/update') {
    if (!heard.isOver) hearUpdate(json(params['update']), heard);
  } else if (message['method'] === 'session/request_permission') {
    const refusals = list(params['options'])
      .map(json)
      .filter(({ kind }) => text(kind)?.startsWith('reject'));
    heard.refusals = refusals.flatMap(({ optionId }) => text(optionId) ?? []);
    heard.wants = text(json(params['toolCall'])['kind']);
  } else if (isJson(message['error'])) {
    hearError(message['error'], heard);
  } else {
    hearResult(json(message['result']), heard);
  }
}

function hearUpdate(update: Json, heard: Heard): void {
  switch (update['sessionUpdate']) {
    case 'agent_message_chunk':
      hearChunk(update, heard);
      break;
    case 'tool_call':
      toolBegan(heard);
      break;
    case 'tool_call_update':
      hearStatus(update['status'], heard);
      break;
    case 'usage_update':
      heard.costUsd = count(json(update['cost'])['amount']) ?? heard.costUsd;
      break;
    case 'session_info_update':
      hearInfo(json(update['_meta']), heard);
  }
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const API_ERROR = /\bAPI Error: ([45]\d\d)\b/;

/**
 * The model's words have the id that the provider gave them. Claude's adapter gives its own a UUID; Codex's gives them none,
 * and tells an error once, as a paragraph, after it has said that there is one.
 */
function hearChunk({ messageId, content }: Json, heard: Heard): void {
  const words = text(json(content)['text']) ?? '';
  const isError = messageId === undefined && heard.stopReason === 'systemError' && heard.said.length === 0 && words.endsWith('\n\n');
  if (!isError && !(typeof messageId === 'string' && UUID.test(messageId))) {
    spoke(heard);
    return;
  }
  const status = API_ERROR.exec(words)?.[1];
  failed(heard, { words: words.trim(), httpStatus: status === undefined ? undefined : Number(status) });
}

function hearInfo(meta: Json, heard: Heard): void {
  const { error, threadStatus } = json(meta['codex']);
  if (isJson(error)) hearTurnError(error, error['willRetry'] === true, heard);
  if (json(threadStatus)['type'] === 'systemError') {
    failed(heard, {});
    heard.stopReason = 'systemError';
  }
  hearFailure(meta, heard);
}

/** What the extension `jetbrains.air` tells. Its categories are coarse and its advice is wrong; the title is the error's text. */
function hearFailure(meta: Json, heard: Heard): void {
  const { severity, category, title } = json(json(json(meta['jetbrains'])['air'])['sessionFailure']);
  const words = text(title);
  if (severity === 'error') failed(heard, { words, httpStatus: statusIn(words) });
  else if (severity === 'warning' && category !== 'unknown' && words !== undefined) hearRetry(words, heard);
}

function hearResult(result: Json, heard: Heard): void {
  heard.version = text(json(result['agentInfo'])['version']) ?? heard.version;
  heard.session = text(result['sessionId']) ?? heard.session;
  const stop = text(result['stopReason']);
  if (stop === undefined) return;
  const meta = json(result['_meta']);
  const tokens = json(meta['quota'])['token_count'];
  spentInAll(heard, { ...tokensIn(result['usage'] ?? tokens), costUsd: heard.costUsd });
  const trouble = named('stopReason', STOPS, stop);
  const isHidden = heard.stopReason === 'systemError' || tokens === null || isNothing(tokens);
  if (trouble) failed(heard, trouble);
  else if (isHidden) failed(heard, {});
  else finished(heard);
  hearFailure(meta, heard);
  heard.stopReason = stop;
  heard.isOver = true;
}

/** A turn for which the model spent nothing was none. */
function isNothing(tokens: unknown): boolean {
  const { input, output } = tokensIn(tokens);
  return input === 0 && output === 0;
}

function hearError(error: Json, heard: Heard): void {
  const data = json(error['data']);
  const message = text(error['message']);
  const needsLogin = error['code'] === AUTH_REQUIRED;
  const status = statusOf(error) ?? statusIn(text(data['details'])) ?? statusIn(message);
  failed(heard, {
    // "Authentication required" says less than the adapter's own words, where it had some.
    words: needsLogin && heard.said.length > 0 ? undefined : errorWords(error).join('\n'),
    httpStatus: needsLogin ? (heard.httpStatus ?? 401) : status,
    ...(byCode(error['code']) ??
      named('error.data.errorKind', CLAUDE_ERRORS, text(data['errorKind'])) ??
      named('error.data.errorName', OPENCODE_ERRORS, text(data['errorName']))),
  });
  heard.isOver = true;
}

/** Gemini's 500 may be the provider's, the network's, or a model that is not there: its text says which. */
const statusOf = (error: Json): number | undefined => (error['code'] === 500 ? undefined : errorStatus(error));

function byCode(code: unknown): Named | undefined {
  const reason = CODES.get(code);
  return reason && { reason, reasonIn: { where: 'error.code', value: `${code}` } };
}

export const acp: Agent = {
  launch,
  reader: acpReader,
  credentials: ['GEMINI_API_KEY', 'GOOGLE_API_KEY', 'ANTHROPIC_API_KEY', 'CLAUDE_CODE_OAUTH_TOKEN', 'OPENAI_API_KEY', 'CODEX_API_KEY'],
};

function launch({ prompt, spec: { argv = [] }, resume }: Start): Launch {
  const { mode, login, env, files } = quirkOf(argv) ?? {};
  return { argv, driver: { kind: 'acp', told: { prompt, resume, mode, login } }, ...(env ? { env } : {}), ...(files ? { files } : {}) };
}
