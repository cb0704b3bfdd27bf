// Qwen Code (`-o stream-json`), a fork of Gemini CLI that prints messages like Claude Code's. An API error is the text of
// its last `result`, status first; the assistant message before it only repeats that.

import type { Rule } from '../domain/ending.ts';
import { exitCode, PROCESS_RULES } from '../domain/process-rules.ts';
import { plain } from '../domain/text-rule.ts';
import type { Reader } from './agent.ts';
import { hearAnswerIn } from './answer-line.ts';
import { statusIn } from './error-words.ts';
import { EMPTY_ANSWER } from './gemini.ts';
import { asked, askedAgain, denied, failed, finished, type Heard, spent, spentInAll, spoke, toolBegan, triesAgain } from './heard.ts';
import { type Json, json, list, text } from './json.ts';
import { tokensIn } from './tokens.ts';
import { UNDICI_RULES } from './undici.ts';

const OWN: readonly Rule[] = [
  exitCode('qwen_turns', 'turn_limit', [53], 'Qwen Code: --max-session-turns'),
  exitCode('qwen_budget', 'budget_exhausted', [55], 'Qwen Code: --max-wall-time, --max-tool-calls'),
  plain(
    'qwen_no_answer',
    'output_rejected',
    'empty',
    EMPTY_ANSWER,
    'Model stream ended with empty response text.',
    'Qwen Code: an empty answer, and a filtered one too',
  ),
];

/** `Retrying in 60s (attempt 1/1): [API Error: 429 …]`, and of what it got so far, one line each on stderr. */
export const QWEN_RETRIES: readonly RegExp[] = [/^Retrying (?:in \d|provider attempt)[^\n]*\n?/gm];

export const qwen: Reader = {
  hear,
  heads: [
    { head: /^\{"type":"user"/, tell: askedAgain },
    { head: /^\{"type":"assistant"/, tell: (heard, line) => hearAnswerIn(heard, line, true) },
  ],
  rules: [...OWN, ...UNDICI_RULES, ...PROCESS_RULES],
  retries: QWEN_RETRIES,
};

function hear(event: Json, heard: Heard): boolean {
  switch (event['type']) {
    case 'system':
      hearSystem(event, heard);
      return true;
    case 'assistant':
      if (!heard.isOver) hearMessage(json(event['message']), heard);
      return true;
    case 'user':
      return askedAgain(heard);
    case 'stream_event':
      return spoke(heard);
    case 'result':
      hearResult(event, heard);
      return true;
    default:
      return false;
  }
}

function hearSystem(event: Json, heard: Heard): void {
  if (event['subtype'] === 'init') {
    heard.session = text(event['session_id']);
    heard.isOver = false;
    asked(heard);
  } else if (event['subtype'] === 'retry') {
    triesAgain(heard, text(json(event['data'])['error']) ?? '');
  }
}

function hearMessage(message: Json, heard: Heard): void {
  spent(heard, tokensIn(message['usage']));
  if (list(message['content']).some((part) => json(part)['type'] === 'tool_use')) toolBegan(heard);
  else spoke(heard);
}

function hearResult(event: Json, heard: Heard): void {
  heard.session ??= text(event['session_id']);
  heard.stopReason = text(event['subtype']);
  for (const denial of list(event['permission_denials'])) denied(heard, text(json(denial)['tool_name']));
  const message = text(json(event['error'])['message']);
  if (event['is_error'] === true) failed(heard, { words: message, httpStatus: statusIn(message) });
  else finished(heard);
  heard.isOver = true;
  spentInAll(heard, tokensIn(event['usage']));
}
