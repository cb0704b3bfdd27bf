// pi (`--mode json -p`). It ends with exit 0 whatever the provider did: the last message of `agent_end` says how it was.

import { PROCESS_RULES } from '../domain/process-rules.ts';
import type { Reader } from './agent.ts';
import { statusIn } from './error-words.ts';
import { asked, failed, finished, type Heard, spent, spoke, toolBegan, triesAgain } from './heard.ts';
import { count, type Json, json, list, parsed, text } from './json.ts';
import { named, STOPS } from './named.ts';
import { tokensIn } from './tokens.ts';
import { UNDICI_RULES } from './undici.ts';

export const pi: Reader = {
  hear,
  heads: [{ head: /^\{"type":"message_(?:start|update)"/, tell: spoke }],
  hearCut,
  rules: [...UNDICI_RULES, ...PROCESS_RULES],
};

function hear(event: Json, heard: Heard): boolean {
  switch (event['type']) {
    case 'session':
      heard.session = text(event['id']);
      return true;
    case 'agent_start':
    case 'turn_start':
    case 'tool_execution_end':
      heard.isOver = false;
      asked(heard);
      return true;
    case 'tool_execution_start':
    case 'tool_execution_update':
      if (!heard.isOver) toolBegan(heard);
      return true;
    case 'message_end':
      spent(heard, costOf(json(event['message'])));
      return true;
    case 'agent_end':
      hearEnd(json(list(event['messages']).at(-1)), heard);
      return true;
    case 'auto_retry_start':
      heard.isOver = false;
      triesAgain(heard, text(event['errorMessage']) ?? '');
      return true;
    case 'auto_retry_end':
      if (event['success'] === false) fail(heard, text(event['finalError']));
      return true;
    case 'message_start':
    case 'message_update':
      return spoke(heard);
    case 'turn_end':
    case 'compaction_start':
    case 'compaction_end':
      return true;
    default:
      return false;
  }
}

function hearEnd(message: Json, heard: Heard): void {
  if (message['role'] !== 'assistant') return;
  const stop = text(message['stopReason']);
  const trouble = named('agent_end.stopReason', STOPS, stop);
  if (trouble) failed(heard, trouble);
  else if (stop === 'error') fail(heard, text(message['errorMessage']));
  else finished(heard);
  heard.stopReason = stop;
  heard.isOver = true;
}

const fail = (heard: Heard, message: string | undefined): void => failed(heard, { words: message, httpStatus: statusIn(message) });

/** `agent_end` repeats the whole run and is soon longer than a tail: its last fields are those of the last message. */
const LAST_FIELDS =
  /"stopReason":"[^"]{1,40}"(?:,"[A-Za-z]{1,40}":(?:"(?:[^"\\]|\\.){0,4000}"|-?[\d.]{1,40}|null|true|false)){0,20}\}\]\}\s*$/;

function hearCut(piece: string, heard: Heard): void {
  const fields = LAST_FIELDS.exec(piece.slice(-8192))?.[0];
  const message = fields === undefined ? undefined : parsed(`{${fields.trimEnd().slice(0, -2)}`);
  if (message) hearEnd({ ...message, role: 'assistant' }, heard);
}

function costOf(message: Json): { input: number | undefined; output: number | undefined; costUsd: number | undefined } {
  const usage = json(message['usage']);
  return { ...tokensIn(usage), costUsd: count(json(usage['cost'])['total']) };
}
