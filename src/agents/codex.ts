// Codex: the prose of `codex exec --json`, and the typed notifications of `codex app-server`. The SDK throws the prose.

import { PROCESS_RULES } from '../domain/process-rules.ts';
import type { Agent, Launch, Reader, Start } from './agent.ts';
import { errorWords } from './error-words.ts';
import {
  asked,
  askedAgain,
  denied,
  type FailedBy,
  failed,
  finished,
  type Heard,
  spent,
  spentInAll,
  spoke,
  toolBegan,
  triesAgain,
} from './heard.ts';
import { count, instant, isJson, type Json, json, text } from './json.ts';
import { type Names, named } from './named.ts';
import { promptArgument } from './prompt-argument.ts';
import { tokensIn } from './tokens.ts';

/** `codexErrorInfo`, where it is a name. */
const ERRORS: Names = {
  unauthorized: 'credential_rejected',
  usageLimitExceeded: 'quota_exhausted',
  rateLimitExceeded: 'rate_limited',
  serverOverloaded: 'provider_overloaded',
  internalServerError: 'provider_overloaded',
  modelNotFound: 'model_unavailable',
  contextWindowExceeded: 'context_window_exceeded',
  sessionBudgetExceeded: 'budget_exhausted',
  cyberPolicy: 'refused',
  misalignmentPolicyViolation: 'refused',
  tooManyDenials: 'permission_needed',
  sandboxError: 'permission_needed',
};

/** Items of a thread at which something works beside the model. */
const TOOLS: readonly unknown[] = [
  'command_execution',
  'commandExecution',
  'mcp_tool_call',
  'mcpToolCall',
  'file_change',
  'fileChange',
  'web_search',
  'webSearch',
  'dynamicToolCall',
];

export const codexReader: Reader = {
  hear,
  heads: [
    { head: /^\{"type":"item\.completed","item":\{"id":"[^"]{0,40}","type":"(?:agent_message|reasoning)"/, tell: spoke },
    { head: /^\{"type":"item\.(?:started|completed)","item":\{"id":"[^"]{0,40}","type":"command_execution"/, tell: hearCommand },
  ],
  rules: PROCESS_RULES,
  printsLocalTime: true,
};

/** False: it may have been declined. */
function hearCommand(heard: Heard, line: string): boolean {
  if (line.includes('"status":"declined"')) return false;
  if (line.startsWith('{"type":"item.completed"')) return askedAgain(heard);
  if (!heard.isOver) toolBegan(heard);
  return true;
}

function hear(event: Json, heard: Heard): boolean {
  if (typeof event['method'] === 'string') return hearNotification(event['method'], json(event['params']), heard);
  switch (event['type']) {
    case 'thread.started':
      heard.session = text(event['thread_id']);
      return true;
    case 'turn.started':
      heard.isOver = false;
      asked(heard);
      return true;
    case 'item.started':
    case 'item.updated':
    case 'item.completed':
      if (!heard.isOver) hearItem(event['type'], json(event['item']), heard);
      return true;
    case 'error':
      hearError(text(event['message']) ?? '', heard);
      return true;
    case 'turn.failed':
      failed(heard, { words: text(json(event['error'])['message']) });
      heard.isOver = true;
      return true;
    case 'turn.completed':
      finished(heard);
      heard.isOver = true;
      spent(heard, tokensIn(event['usage']));
      return true;
    case undefined:
      return hearSdk(event, heard);
    default:
      return false;
  }
}

/** An item of the kind `error` is a warning: what ends a turn is no item. */
function hearItem(when: string, item: Json, heard: Heard): void {
  if (!TOOLS.includes(item['type'])) {
    spoke(heard);
    return;
  }
  if (item['status'] === 'declined') denied(heard, text(item['command']));
  if (when.endsWith('ompleted')) asked(heard);
  else toolBegan(heard);
}

/** `Reconnecting... 1/5 (why)`, and `Reconnecting... waiting for network (why)` for ever. */
const RECONNECTING = /^Reconnecting\.\.\./;

function hearError(message: string, heard: Heard): void {
  if (RECONNECTING.test(message)) hearRetry(message, heard);
  else failed(heard, { words: message });
}

export const hearRetry = (message: string, heard: Heard): void =>
  triesAgain(heard, message, message.includes('waiting for network') ? 'network_dropped' : undefined);

function hearNotification(method: string, params: Json, heard: Heard): boolean {
  switch (method) {
    case 'outlive/began':
      heard.version = /\/(\d+(?:\.\d+)+\S*)/.exec(text(params['userAgent']) ?? '')?.[1];
      return true;
    case 'outlive/gaveUp':
      hearTurnError(json(params['error']), false, heard);
      heard.isOver = true;
      return true;
    case 'account/rateLimits/updated':
      hearLimits(json(params['rateLimits']), heard);
      return true;
    case 'thread/started':
      heard.session = text(json(params['thread'])['id']);
      return true;
    case 'turn/started':
      heard.isOver = false;
      asked(heard);
      return true;
    case 'item/started':
    case 'item/completed':
      if (!heard.isOver) hearItem(method, json(params['item']), heard);
      return true;
    case 'error':
      hearTurnError(json(params['error']), params['willRetry'] === true, heard);
      return true;
    case 'thread/tokenUsage/updated':
      spentInAll(heard, tokensIn(json(params['tokenUsage'])['total']));
      return true;
    case 'turn/completed':
      hearTurn(json(params['turn']), heard);
      return true;
    default:
      return true;
  }
}

/** The windows that are used up are waited for; the last of them to be reset decides. */
function hearLimits(limits: Json, heard: Heard): void {
  const resets = [json(limits['primary']), json(limits['secondary'])]
    .filter((window) => (count(window['usedPercent']) ?? 0) >= 100)
    .map((window) => instant(window['resetsAt']))
    .filter((at) => at !== undefined);
  heard.resetsAt = resets.sort().at(-1) ?? heard.resetsAt;
}

function hearTurn(turn: Json, heard: Heard): void {
  const status = text(turn['status']);
  if (status === 'completed') finished(heard);
  else if (status === 'interrupted') failed(heard, { reason: 'cancelled', reasonIn: { where: 'turn.status', value: status } });
  else hearTurnError(json(turn['error']), false, heard);
  heard.stopReason = status;
  heard.isOver = true;
}

/** An error of the app-server, as a turn or a notification carries it. */
export function hearTurnError(error: Json, willRetry: boolean, heard: Heard): void {
  const message = text(error['message']);
  if (willRetry) hearRetry(`${message ?? ''} ${text(error['additionalDetails']) ?? ''}`, heard);
  else failed(heard, { words: message, ...byInfo(error['codexErrorInfo']) });
}

/** A name, or an object with one name and the status that it met. */
function byInfo(info: unknown): FailedBy {
  if (isJson(info))
    return {
      httpStatus: Object.values(info)
        .map((detail) => count(json(detail)['httpStatusCode']))
        .find(Boolean),
    };
  if (info === 'badRequest') return { httpStatus: 400 };
  return named('turn.error.codexErrorInfo', ERRORS, text(info)) ?? {};
}

/** What a program around the SDK prints: the result of a turn, or what the SDK threw. */
function hearSdk(event: Json, heard: Heard): boolean {
  if (event['error'] !== undefined) failed(heard, { words: errorWords(event['error']).join('\n') });
  else if (typeof event['final'] === 'string') finished(heard);
  else return false;
  spent(heard, tokensIn(event['usage']));
  return true;
}

export const codex: Agent = {
  launch,
  reader: codexReader,
  versionArgv: () => ['codex', '--version'],
  credentials: ['OPENAI_API_KEY', 'CODEX_API_KEY'],
};

/** Nobody is there to be asked. In a sandbox that may write to the workspace only, `.git` is read-only, and no commit can be made. */
const FREE = { approvalPolicy: 'never', sandbox: 'danger-full-access' };
const SANDBOX_SETTING = /sandbox|approval/;

function launch({ prompt, promptFile, spec, resume }: Start): Launch {
  const args = spec.args ?? [];
  const isFree = !args.some((arg) => SANDBOX_SETTING.test(arg));
  const model = spec.model === undefined ? [] : ['-m', spec.model];
  return {
    argv: ['codex', 'app-server', ...args],
    driver: {
      kind: 'app-server',
      told: {
        prompt,
        resume,
        thread: { ...(isFree ? FREE : {}), ...(spec.model === undefined ? {} : { model: spec.model }) },
        exec: [
          ...['codex', 'exec', ...(resume === undefined ? [] : ['resume', resume]), '--json', '--skip-git-repo-check', ...model],
          ...(isFree ? ['--dangerously-bypass-approvals-and-sandbox'] : []),
          ...args,
          promptArgument({ prompt, promptFile }),
        ],
      },
    },
  };
}
