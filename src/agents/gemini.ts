// Gemini CLI (`-o stream-json`). Its last line is a `result`; of an API error it says only the text, so the status is read
// there, and in the exit code, which is the HTTP status modulo 256.

import type { Ending, Rule } from '../domain/ending.ts';
import { exitCode, PROCESS_RULES, STATUSES } from '../domain/process-rules.ts';
import { plain } from '../domain/text-rule.ts';
import type { Reader } from './agent.ts';
import { statusIn } from './error-words.ts';
import { asked, askedAgain, failed, finished, type Heard, spentInAll, spoke, toolBegan } from './heard.ts';
import { type Json, json, text } from './json.ts';
import { type Names, named } from './named.ts';
import { tokensIn } from './tokens.ts';
import { UNDICI_RULES } from './undici.ts';

/** `result.error.type`; API errors are all `unknown`. */
const ERRORS: Names = {
  FatalAuthenticationError: 'credential_rejected',
  FatalInputError: 'invalid_request',
  FatalSandboxError: 'tool_missing',
  FatalConfigError: 'invalid_request',
  FatalTurnLimitedError: 'turn_limit',
  FatalCancellationError: 'cancelled',
};

export const EMPTY_ANSWER = /\bmodel\b[^\n]{0,20} (?:returned|ended with) (?:an )?empty response/i;

export const GOOGLE_WORDS: readonly Rule[] = [
  plain(
    'gemini_no_model',
    'model_unavailable',
    'models',
    /\bmodels\/\S{1,80} is not (?:found|supported)/i,
    'models/gemini-9 is not found for API version v1beta',
    'Gemini CLI: 500 in ACP, exit 1 alone',
  ),
  plain(
    'gemini_no_answer',
    'output_rejected',
    'empty',
    EMPTY_ANSWER,
    'The model returned an empty response with no text or thoughts.',
    'Gemini CLI',
  ),
];

const EXIT_CODES: readonly Rule[] = [
  exitCode('gemini_auth', 'credential_rejected', [41], 'Gemini CLI: FatalAuthenticationError'),
  exitCode('gemini_input', 'invalid_request', [42, 52], 'Gemini CLI: FatalInputError, FatalConfigError'),
  exitCode('gemini_sandbox', 'tool_missing', [44], 'Gemini CLI: FatalSandboxError'),
  exitCode('gemini_turns', 'turn_limit', [53], 'Gemini CLI: FatalTurnLimitedError'),
  ...STATUSES.map(({ name, reason, match }) =>
    exitCode(
      `gemini_${name}`,
      reason,
      match.map((status) => status % 256),
      'Gemini CLI: process.exit(error.status)',
    ),
  ),
];

/** `Attempt 1 failed: … Retrying after 5298ms...`, over some lines of stderr. */
export const GEMINI_RETRIES: readonly RegExp[] = [/^Attempt \d{1,4} failed[\s\S]{0,1500}?Retrying (?:after|with backoff)[^\n]*\n?/gm];

export const gemini: Reader = {
  hear,
  heads: [
    { head: /^\{"type":"message"/, tell: spoke },
    { head: /^\{"type":"tool_result"/, tell: askedAgain },
  ],
  conclude,
  rules: [...EXIT_CODES, ...GOOGLE_WORDS, ...UNDICI_RULES, ...PROCESS_RULES],
  retries: GEMINI_RETRIES,
};

function hear(event: Json, heard: Heard): boolean {
  switch (event['type']) {
    case 'init':
      heard.session = text(event['session_id']);
      heard.isOver = false;
      asked(heard);
      return true;
    case 'message':
      return spoke(heard);
    case 'tool_use':
      if (!heard.isOver) toolBegan(heard);
      return true;
    case 'tool_result':
      return askedAgain(heard);
    case 'error':
      if (event['severity'] === 'error') failed(heard, { words: text(event['message']) });
      return true;
    case 'result':
      hearResult(event, heard);
      return true;
    default:
      return false;
  }
}

function hearResult(event: Json, heard: Heard): void {
  const status = text(event['status']);
  const error = json(event['error']);
  const message = text(error['message']);
  if (status === 'success') finished(heard);
  else failed(heard, { words: message, httpStatus: statusIn(message), ...named('result.error.type', ERRORS, text(error['type'])) });
  heard.stopReason = status;
  heard.isOver = true;
  spentInAll(heard, tokensIn(event['stats']));
}

/** It answers SIGTERM and SIGINT with exit 0, and no result: whoever sent it did not wait for an end. What was waited for stays so. */
function conclude(heard: Heard, { exitCode: code }: Ending): void {
  if (code !== 0 || heard.end !== undefined || heard.events === 0) return;
  heard.end = 'failed';
  heard.reason = 'killed';
  heard.reasonIn = { where: 'stdout', value: 'exit 0, and the stream stops before its result' };
}
