// A function of the user's own, in TypeScript or JavaScript, in a supervised child (DESIGN §6). Its driver loads the file,
// calls the default export, and writes what came of it into the result file. What it reports on the way are events.

import { PROCESS_RULES } from '../domain/process-rules.ts';
import type { Agent, Reader, Start } from './agent.ts';
import { readResult } from './command.ts';
import { errorStatus, errorWords } from './error-words.ts';
import { asked, failed, finished, type Heard, spentInAll } from './heard.ts';
import { count, isJson, type Json, json, text } from './json.ts';
import { UNDICI_RULES } from './undici.ts';

const moduleReader: Reader = { hear, rules: [...UNDICI_RULES, ...PROCESS_RULES] };

export const moduleAgent: Agent = { launch, reader: moduleReader, readResult };

function launch({ prompt, spec: { path = '' }, session, resume }: Start) {
  return { argv: [], driver: { kind: 'module', told: { path, prompt, session, resume } } } as const;
}

/** Lines of the driver: `{"outlive": {"event": "began" | "report" | "returned" | "threw", …}}`. */
function hear(line: Json, heard: Heard): boolean {
  if (!isJson(line['outlive'])) return false;
  const event = line['outlive'];
  switch (event['event']) {
    case 'began':
      heard.session = text(event['session']);
      break;
    case 'report':
      hearReport(event, heard);
      break;
    case 'returned':
      finished(heard);
      break;
    case 'threw':
      failed(heard, { words: errorWords(event['error']).join('\n'), httpStatus: errorStatus(event['error']) });
      break;
    default:
      return false;
  }
  return true;
}

/** What it has used so far, in all; and the questions to the model so far, where it counts them. */
function hearReport(event: Json, heard: Heard): void {
  const { inputTokens, outputTokens, costUsd } = json(event['usage']);
  spentInAll(heard, { input: count(inputTokens), output: count(outputTokens), costUsd: count(costUsd) });
  heard.session = text(event['session']) ?? heard.session;
  const turns = count(event['turns']);
  if (turns === undefined) return;
  asked(heard);
  heard.turns = turns;
}
