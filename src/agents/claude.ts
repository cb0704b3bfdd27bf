// Claude Code (`-p --output-format stream-json --verbose`), alone or inside the agent SDK, which prints the same messages.
// The last `result` says how it ended, and the synthetic assistant message before it which kind of error it was.

import type { Reason } from '../domain/failure.ts';
import { PROCESS_RULES } from '../domain/process-rules.ts';
import type { Reader } from './agent.ts';
import { BUN_RULES } from './bun.ts';
import { errorWords, tokensIn } from './error-words.ts';
import { asked, failed, finished, type Heard, spent, spentInAll, toolBegan, triesAgain } from './heard.ts';
import { count, type Json, json, list, text } from './json.ts';
import { stopMeans } from './stop-reasons.ts';

/** `error` of an assistant message: those that say it all. The others (`server_error`, `unknown` …) leave it to status and words. */
const ERRORS: Readonly<Record<string, Reason>> = {
  oauth_org_not_allowed: 'credential_revoked',
  account_on_hold: 'credential_revoked',
  verification_required: 'credential_revoked',
  billing_error: 'quota_exhausted',
  model_not_found: 'model_unavailable',
  max_output_tokens: 'output_truncated',
};

/** `terminal_reason` or `subtype` of a result. */
const ENDS: Readonly<Record<string, Reason>> = {
  prompt_too_long: 'context_window_exceeded',
  max_turns: 'turn_limit',
  error_max_turns: 'turn_limit',
  budget_exhausted: 'budget_exhausted',
  error_max_budget_usd: 'budget_exhausted',
  aborted_streaming: 'cancelled',
  aborted_tools: 'cancelled',
};

/** `startup_failure_reason`: what it found wrong before its first question. */
const START_UPS: Readonly<Record<string, Reason>> = {
  bypass_root: 'invalid_request',
  config_file_invalid: 'invalid_request',
  session_held_by_background: 'invalid_request',
  shell_tool_missing: 'tool_missing',
  sandbox_required_unavailable: 'tool_missing',
  cli_version_too_old: 'tool_missing',
  cwd_unavailable: 'tool_missing',
  temp_dir_unusable: 'disk_full',
};

const meaning = (table: Readonly<Record<string, Reason>>, name: string | undefined): Reason | undefined =>
  name !== undefined && Object.hasOwn(table, name) ? table[name] : undefined;

export const claude: Reader = { hear, rules: [...BUN_RULES, ...PROCESS_RULES] };

function hear(event: Json, heard: Heard): boolean {
  switch (event['type']) {
    case 'system':
      hearSystem(event, heard);
      return true;
    case 'assistant':
      hearMessage(event, heard);
      return true;
    case 'user':
      if (heard.end === undefined) asked(heard);
      return true;
    case 'rate_limit_event':
      hearLimit(json(event['rate_limit_info']), heard);
      return true;
    case 'result':
      hearResult(event, heard);
      return true;
    case undefined:
      return hearThrown(event, heard);
    default:
      return typeof event['type'] === 'string' && 'session_id' in event;
  }
}

function hearSystem(event: Json, heard: Heard): void {
  switch (event['subtype']) {
    case 'init':
      heard.session = text(event['session_id']);
      return asked(heard);
    case 'api_retry': {
      const status = count(event['error_status']);
      return triesAgain(heard, status === undefined ? `api_retry: ${event['error']}` : `api_retry: HTTP status ${status} ${event['error']}`);
    }
    case 'permission_denied':
      heard.denied.push(text(event['tool_name']) ?? 'a tool');
      return;
    case 'session_writes_lost': {
      const code = text(event['error_code']);
      const reasonIn = { where: 'system.session_writes_lost', value: code ?? '' };
      if (code === 'ENOSPC' || code === 'EDQUOT') failed(heard, { reason: 'disk_full', reasonIn, words: code });
    }
  }
}

function hearMessage(event: Json, heard: Heard): void {
  const message = json(event['message']);
  const error = text(event['error']);
  if (error === undefined) {
    spent(heard, { ...tokensIn(message['usage']), output: undefined }); // its output is a placeholder until the end
    if (list(message['content']).some((part) => json(part)['type'] === 'tool_use') && heard.end === undefined) toolBegan(heard);
    return;
  }
  const words = list(message['content']).map((part) => text(json(part)['text']));
  failed(heard, {
    words: words.filter((word) => word !== undefined).join('\n'),
    httpStatus: count(event['api_error_status']),
    ...byError(event, error),
  });
}

function byError(event: Json, error: string): { reason?: Reason; reasonIn?: { where: string; value: string } } {
  const kind = text(event['api_error']);
  const status = count(event['api_error_status']);
  if (kind === 'usage_limit_reached') return { reason: 'quota_exhausted', reasonIn: { where: 'assistant.api_error', value: kind } };
  const reason = meaning(ERRORS, error) ?? (error === 'authentication_failed' && status === undefined ? 'credential_rejected' : undefined);
  return reason === undefined ? {} : { reason, reasonIn: { where: 'assistant.error', value: error } };
}

function hearLimit(info: Json, heard: Heard): void {
  const seconds = count(info['resetsAt']);
  if (info['status'] === 'rejected' && seconds !== undefined) heard.resetsAt = new Date(seconds * 1000).toISOString();
}

function hearResult(event: Json, heard: Heard): void {
  heard.session ??= text(event['session_id']);
  heard.isOver = true;
  for (const denial of list(event['permission_denials'])) denied(heard, text(json(denial)['tool_name']));
  const perModel = Object.values(json(event['modelUsage'])).map(tokensIn);
  spentInAll(heard, { ...(perModel.length > 0 ? perModel.reduce(added) : tokensIn(event['usage'])), costUsd: count(event['total_cost_usd']) });
  const isError = event['is_error'] === true;
  const ended = whatEnded(event);
  heard.stopReason = text(event['terminal_reason']) ?? text(event['stop_reason']);
  if (!isError && ended === undefined) {
    if (heard.reason !== 'disk_full') finished(heard); // what it could not write down is lost, however it ends
    return;
  }
  // Without an error, the text of a result is the model's.
  const words = isError ? [text(event['result']), ...list(event['errors']).map(text)].filter((word) => word !== undefined) : [];
  failed(heard, { words: words.join('\n'), httpStatus: count(event['api_error_status']), ...ended });
}

interface Named {
  readonly reason: Reason;
  readonly reasonIn: Evidence;
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

function named(where: string, table: Readonly<Record<string, Reason>>, value: string | undefined): Named | undefined {
  const reason = meaning(table, value);
  return reason === undefined || value === undefined ? undefined : { reason, reasonIn: { where, value } };
}

/** The agent SDK throws what the result has said already, without its fields. */
function hearThrown(event: Json, heard: Heard): boolean {
  const { error } = event;
  if (error === undefined) return false;
  failed(heard, { words: errorWords(error).join('\n'), httpStatus: errorStatus(error) });
  return true;
}
