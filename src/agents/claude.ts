// Claude Code (`-p --output-format stream-json --verbose`), alone or inside the agent SDK, which prints the same messages.
// The last `result` says how it ended, and the synthetic assistant message before it which kind of error it was.

import { PROCESS_RULES } from '../domain/process-rules.ts';
import type { Agent, Launch, Reader, Start } from './agent.ts';
import { hearAnswerIn } from './answer-line.ts';
import { BUN_RULES } from './bun.ts';
import { errorStatus, errorWords } from './error-words.ts';
import { asked, askedAgain, denied, failed, finished, type Heard, spent, spentInAll, spoke, toolBegan, triesAgain } from './heard.ts';
import { count, instant, type Json, json, list, text } from './json.ts';
import { type Named, type Names, named, STOPS } from './named.ts';
import { promptArgument } from './prompt-argument.ts';
import { type Tokens, tokensIn } from './tokens.ts';

/** `error` of an assistant message: those that say it all. The others (`server_error`, `unknown` …) leave it to status and words. */
export const CLAUDE_ERRORS: Names = {
  oauth_org_not_allowed: 'credential_revoked',
  account_on_hold: 'credential_revoked',
  verification_required: 'credential_revoked',
  billing_error: 'quota_exhausted',
  model_not_found: 'model_unavailable',
  max_output_tokens: 'output_truncated',
};

/** `terminal_reason` or `subtype` of a result. */
const ENDS: Names = {
  prompt_too_long: 'context_window_exceeded',
  max_turns: 'turn_limit',
  error_max_turns: 'turn_limit',
  budget_exhausted: 'budget_exhausted',
  error_max_budget_usd: 'budget_exhausted',
  aborted_streaming: 'cancelled',
  aborted_tools: 'cancelled',
};

/** `startup_failure_reason`: what it found wrong before its first question. */
const START_UPS: Names = {
  bypass_root: 'invalid_request',
  config_file_invalid: 'invalid_request',
  session_held_by_background: 'invalid_request',
  shell_tool_missing: 'tool_missing',
  sandbox_required_unavailable: 'tool_missing',
  cli_version_too_old: 'tool_missing',
  cwd_unavailable: 'tool_missing',
  temp_dir_unusable: 'tool_missing',
};

export const claudeReader: Reader = {
  hear,
  heads: [
    { head: /^\{"type":"user"/, tell: askedAgain },
    // Its output is a placeholder until the end.
    { head: /^\{"type":"assistant"/, tell: (heard, line) => hearAnswerIn(heard, line, false) },
  ],
  rules: [...BUN_RULES, ...PROCESS_RULES],
};

function hear(event: Json, heard: Heard): boolean {
  switch (event['type']) {
    case 'system':
      hearSystem(event, heard);
      return true;
    case 'assistant':
      if (!heard.isOver) hearMessage(event, heard);
      return true;
    case 'user':
      return askedAgain(heard);
    case 'rate_limit_event':
      hearLimit(json(event['rate_limit_info']), heard);
      return true;
    case 'result':
      hearResult(event, heard);
      return true;
    case undefined:
      return hearThrown(event['error'], heard);
    default:
      return 'session_id' in event;
  }
}

function hearSystem(event: Json, heard: Heard): void {
  switch (event['subtype']) {
    case 'init':
      heard.session = text(event['session_id']);
      heard.version = text(event['claude_code_version']);
      heard.isOver = false;
      asked(heard);
      break;
    case 'api_retry':
      triesAgain(heard, retryWords(count(event['error_status']), text(event['error'])));
      break;
    case 'permission_denied':
      denied(heard, text(event['tool_name']));
      break;
    case 'session_writes_lost':
      hearWritesLost(text(event['error_code']), heard);
  }
}

/** Without a status it says nothing of why, only that it has to. */
const retryWords = (status: number | undefined, error = 'unknown'): string =>
  status === undefined ? `api_retry: ${error}` : `api_retry: HTTP status ${status} ${error}`;

function hearWritesLost(code: string | undefined, heard: Heard): void {
  if (code !== 'ENOSPC' && code !== 'EDQUOT') return;
  // Said at the end, when the result has been told already, or on the way.
  heard.lost = { reason: 'disk_full', reasonIn: { where: 'system.session_writes_lost', value: code } };
  if (heard.end === 'finished') failed(heard, heard.lost);
}

function hearMessage(event: Json, heard: Heard): void {
  const message = json(event['message']);
  const error = text(event['error']);
  if (error === undefined) {
    spent(heard, { ...tokensIn(message['usage']), output: undefined }); // its output is a placeholder until the end
    if (list(message['content']).some((part) => json(part)['type'] === 'tool_use')) toolBegan(heard);
    else spoke(heard);
    return;
  }
  const words = list(message['content']).map((part) => text(json(part)['text']));
  failed(heard, {
    words: words.filter((word) => word !== undefined).join('\n'),
    httpStatus: count(event['api_error_status']),
    ...byError(event, error),
  });
}

function byError(event: Json, error: string): Named | undefined {
  const isPlan = event['api_error'] === 'usage_limit_reached';
  if (isPlan) return { reason: 'quota_exhausted', reasonIn: { where: 'assistant.api_error', value: 'usage_limit_reached' } };
  // Without a status no request was made.
  const isLogin = error === 'authentication_failed' && count(event['api_error_status']) === undefined;
  if (isLogin) return { reason: 'credential_rejected', reasonIn: { where: 'assistant.error', value: error } };
  return named('assistant.error', CLAUDE_ERRORS, error);
}

function hearLimit(info: Json, heard: Heard): void {
  if (info['status'] === 'rejected') heard.resetsAt = instant(info['resetsAt']);
}

function hearResult(event: Json, heard: Heard): void {
  heard.session ??= text(event['session_id']);
  heard.isOver = true;
  for (const denial of list(event['permission_denials'])) denied(heard, text(json(denial)['tool_name']));
  const perModel = Object.values(json(event['modelUsage'])).map(tokensIn);
  spentInAll(heard, {
    ...(perModel.length > 0 ? perModel.reduce(added) : tokensIn(event['usage'])),
    costUsd: count(event['total_cost_usd']),
  });
  const isError = event['is_error'] === true;
  const ended = whatEnded(event) ?? heard.lost;
  heard.stopReason = text(event['terminal_reason']) ?? text(event['stop_reason']);
  if (!isError && ended === undefined) {
    finished(heard);
    return;
  }
  // Without an error, the text of a result is the model's.
  const words = isError ? [text(event['result']), ...list(event['errors']).map(text)].filter((word) => word !== undefined) : [];
  failed(heard, { words: words.join('\n'), httpStatus: count(event['api_error_status']), ...ended });
}

/** The first field of a result that names a reason. */
function whatEnded(event: Json): Named | undefined {
  return (
    named('result.startup_failure_reason', START_UPS, text(event['startup_failure_reason'])) ??
    named('result.terminal_reason', ENDS, text(event['terminal_reason'])) ??
    named('result.subtype', ENDS, text(event['subtype'])) ??
    named('result.stop_reason', STOPS, text(event['stop_reason']))
  );
}

/** The agent SDK throws what the result has said already, without its fields. */
function hearThrown(error: unknown, heard: Heard): boolean {
  if (error === undefined) return false;
  if (heard.end !== 'failed') failed(heard, { words: errorWords(error).join('\n'), httpStatus: errorStatus(error) });
  return true;
}

const added = (one: Tokens, other: Tokens): Tokens => ({
  input: (one.input ?? 0) + (other.input ?? 0),
  output: (one.output ?? 0) + (other.output ?? 0),
});

export const claude: Agent = {
  launch,
  reader: claudeReader,
  versionArgv: () => ['claude', '--version'],
  credentials: ['ANTHROPIC_API_KEY', 'ANTHROPIC_AUTH_TOKEN', 'CLAUDE_CODE_OAUTH_TOKEN'],
};

/** Its own retries keep the conversation, so two are cheap; long waits are Outlive's. Its default would be ten, and three minutes. */
const OWN_RETRIES = '2';
/** For one question, in milliseconds: shorter than a stall, so that it says itself what it waited for. */
const LONGEST_QUESTION_MS = 300_000;
const PERMISSION_FLAG = /^--(?:dangerously-skip-permissions|permission-|allowed-?tools|disallowed-?tools)/i;

function launch(start: Start): Launch {
  const { spec, session, resume, limits } = start;
  const args = spec.args ?? [];
  return {
    argv: [
      ...['claude', '-p', promptArgument(start), '--output-format', 'stream-json', '--verbose'],
      ...(resume === undefined ? ['--session-id', session] : ['--resume', resume]),
      ...(spec.model === undefined ? [] : ['--model', spec.model]),
      ...(limits.turns === undefined ? [] : ['--max-turns', `${limits.turns}`]),
      ...(limits.costUsd === undefined ? [] : ['--max-budget-usd', `${limits.costUsd}`]),
      // Nobody is there to be asked.
      ...(args.some((arg) => PERMISSION_FLAG.test(arg)) ? [] : ['--dangerously-skip-permissions']),
      ...args,
    ],
    env: {
      CLAUDE_CODE_MAX_RETRIES: OWN_RETRIES,
      API_TIMEOUT_MS: `${Math.min(LONGEST_QUESTION_MS, Math.round(limits.stallMs * 0.8))}`,
      CLAUDE_CODE_STARTUP_FAILURE_RESULTS: '1',
      CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
      DISABLE_AUTOUPDATER: '1',
    },
  };
}
