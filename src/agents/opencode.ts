// opencode (`run --format json`). An `error` event has a name, the HTTP status, headers and body of the answer; an end
// without one is told by the reason of the last step.

import type { Ending, Rule } from '../domain/ending.ts';
import { PROCESS_RULES } from '../domain/process-rules.ts';
import { plain } from '../domain/text-rule.ts';
import type { Agent, Launch, Reader, Start } from './agent.ts';
import { BUN_RULES } from './bun.ts';
import { errorStatus, errorWords } from './error-words.ts';
import { asked, denied, failed, finished, type Heard, spent, spoke, toolBegan, triesAgain } from './heard.ts';
import { count, type Json, json, text } from './json.ts';
import { type Names, named, STOPS } from './named.ts';
import { promptArgument } from './prompt-argument.ts';
import { tokensIn } from './tokens.ts';
import { UNDICI_RULES } from './undici.ts';

/** `error.name`, and `errorName` where it speaks ACP. `APIError` and `UnknownError` leave it to status and words. */
export const OPENCODE_ERRORS: Names = {
  ContextOverflowError: 'context_window_exceeded',
  ContentFilterError: 'refused',
  MessageOutputLengthError: 'output_truncated',
  ProviderAuthError: 'credential_rejected',
  MessageAbortedError: 'cancelled',
};

const OWN: readonly Rule[] = [
  plain(
    'opencode_no_session',
    'invalid_request',
    'session',
    /\bsession not found\b/i,
    'Error: Session not found',
    'opencode run --session',
  ),
];

export const opencodeReader: Reader = {
  hear,
  heads: [
    { head: /^\{"type":"(?:text|reasoning)"/, tell: spoke },
    { head: /^\{"type":"step_start"/, tell: hearStart },
    { head: /^\{"type":"tool_use"/, tell: hearGoodTool },
  ],
  conclude,
  rules: [...OWN, ...BUN_RULES, ...UNDICI_RULES, ...PROCESS_RULES],
};

function hear(event: Json, heard: Heard): boolean {
  const part = json(event['part']);
  heard.session ??= text(event['sessionID']);
  switch (event['type']) {
    case 'step_start':
      heard.isOver = false;
      asked(heard);
      return true;
    case 'text':
    case 'reasoning':
      return spoke(heard);
    case 'tool_use':
      if (!heard.isOver) hearTool(part, heard);
      return true;
    case 'step_finish':
      if (!heard.isOver) hearStep(part, heard);
      return true;
    case 'error':
      hearError(json(event['error']), heard);
      return true;
    default:
      return false;
  }
}

/** False: it may have been forbidden. */
function hearGoodTool(heard: Heard, line: string): boolean {
  if (line.includes('"status":"error"')) return false;
  if (!heard.isOver) toolBegan(heard);
  return true;
}

function hearStart(heard: Heard, line: string): true {
  heard.session ??= /"sessionID":"([^"]{1,80})"/.exec(line)?.[1];
  heard.isOver = false;
  asked(heard);
  return true;
}

/** Told of when it is over; others of the same step may still be at work. */
function hearTool(part: Json, heard: Heard): void {
  toolBegan(heard);
  const error = text(json(part['state'])['error']);
  if (error !== undefined && /\bpermission\b/.test(error)) denied(heard, text(part['tool']));
}

function hearStep(part: Json, heard: Heard): void {
  const stop = text(part['reason']);
  spent(heard, { ...tokensIn(part['tokens']), costUsd: count(part['cost']) });
  const trouble = named('step_finish.reason', STOPS, stop);
  if (trouble) failed(heard, trouble);
  else if (stop === 'stop') finished(heard);
  // It takes an answer that broke off for a step, and asks again, without end.
  else if (stop === 'unknown') triesAgain(heard, 'step_finish.reason: unknown', 'network_dropped');
  else asked(heard);
  heard.stopReason = stop;
}

function hearError(error: Json, heard: Heard): void {
  failed(heard, {
    words: errorWords(error).join('\n'),
    httpStatus: errorStatus(error),
    ...named('error.name', OPENCODE_ERRORS, text(error['name'])),
  });
  heard.isOver = true;
}

/** Before its first answer it prints nothing. Where it was not allowed to go on, it ends with exit 0 in the middle of its work. */
function conclude(heard: Heard, { stdoutTail }: Ending): void {
  if (heard.events === 0 && stdoutTail === '') asked(heard);
  if (heard.end !== undefined || heard.denied.length === 0) return;
  failed(heard, { reason: 'permission_needed', reasonIn: { where: 'tool_use.state.error', value: heard.denied.join(', ') } });
}

export const opencode: Agent = {
  launch,
  reader: opencodeReader,
  bindsSession: true,
  credentials: ['OPENCODE_API_KEY', 'ANTHROPIC_API_KEY', 'OPENAI_API_KEY'],
  versionArgv: () => ['opencode', '--version'],
};

/** It has no cap of its own for retries or turns: Outlive's limits of turns, stall and wall time stand around it. */
function launch(start: Start): Launch {
  const { spec } = start;
  const args = spec.args ?? [];
  return {
    argv: [
      ...['opencode', 'run', '--format', 'json'],
      ...(spec.model === undefined ? [] : ['--model', spec.model]),
      // Nobody is there to be asked; what its configuration denies stays denied.
      ...(args.includes('--auto') ? [] : ['--auto']),
      ...args,
      promptArgument(start),
    ],
    env: { OPENCODE_DISABLE_AUTOUPDATE: '1', OPENCODE_DISABLE_SHARE: '1' },
  };
}
