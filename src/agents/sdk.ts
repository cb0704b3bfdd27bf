// Libraries inside a process (the AI SDK, `openai`, `@anthropic-ai/sdk`): the process prints what a call gave, or the error
// that it threw, as one JSON object a line. Between two lines it does nothing but wait for the model.

import type { Ending } from '../domain/ending.ts';
import { PROCESS_RULES } from '../domain/process-rules.ts';
import type { Reader } from './agent.ts';
import { errorStatus, errorWords } from './error-words.ts';
import { asked, failed, finished, type Heard, spent, spoke, toolBegan } from './heard.ts';
import { type Json, json, text } from './json.ts';
import { named, STOPS } from './named.ts';
import { tokensIn } from './tokens.ts';
import { UNDICI_RULES } from './undici.ts';

export const sdk: Reader = {
  hear,
  heads: [{ head: /^\{"part":"(?:text|reasoning)/, tell: spoke }],
  conclude: asksInSilence,
  rules: [...UNDICI_RULES, ...PROCESS_RULES],
};

const STOP_FIELDS = ['finishReason', 'finish_reason', 'stopReason', 'stop_reason'] as const;
const TOOL_STOPS: readonly unknown[] = ['tool-calls', 'tool_calls', 'tool_use'];
/** What is thrown at the end of a stream that told its error before. */
const AFTERMATH: readonly unknown[] = ['AI_NoOutputGeneratedError'];

function hear(event: Json, heard: Heard): boolean {
  const error = event['error'] ?? event['onError'];
  if (error !== undefined) {
    if (heard.end === 'failed' && AFTERMATH.includes(json(error)['name'])) return true;
    failed(heard, { words: errorWords(error).join('\n'), httpStatus: errorStatus(error) });
    return true;
  }
  const field = STOP_FIELDS.find((name) => typeof event[name] === 'string');
  if (field !== undefined) hearStop(field, text(event[field]) ?? '', event, heard);
  else if (typeof event['part'] === 'string') hearPart(event['part'], heard);
  else return false;
  return true;
}

/** A part of a stream of the AI SDK. */
function hearPart(part: string, heard: Heard): void {
  if (part === 'start' || part === 'start-step' || part === 'tool-result') asked(heard);
  else if (part === 'tool-call') toolBegan(heard);
  else spoke(heard);
}

function hearStop(field: string, stop: string, event: Json, heard: Heard): void {
  const trouble = named(field, STOPS, stop);
  if (trouble) failed(heard, trouble);
  else if (TOOL_STOPS.includes(stop)) toolBegan(heard);
  else if (heard.end !== 'failed') finished(heard);
  heard.stopReason = stop;
  if (event['part'] === undefined) spent(heard, tokensIn(event['usage']));
}

/** A library that has said nothing yet has asked its first question. */
export function asksInSilence(heard: Heard, { stdoutTail = '' }: Ending): void {
  if (heard.events === 0 && stdoutTail === '') asked(heard);
}
