// The ends that are measured: labelled endings of the fixtures, with the everyday work of their agent before them until
// a tail is as long as it is asked for; and tails that are made to be slow.

import { readdirSync, readFileSync } from 'node:fs';
import type { Ending } from '../../src/domain/ending.ts';

const FIXTURES = new URL('../../test/fixtures/endings/', import.meta.url);

interface Ended {
  readonly agent: string;
  readonly exit_code?: number;
  readonly stdout_tail: string;
  readonly stderr_tail: string;
}

/** Every recorded ending whose agent speaks JSON, its stream filled up to `length` characters. */
export function jsonEnds(length: number): Ending[] {
  const folder = new URL('labelled/', FIXTURES);
  const ended = readdirSync(folder).flatMap((file) => linesOf(new URL(file, folder)).map((line) => JSON.parse(line) as Ended));
  return ended.map(({ agent, exit_code: exitCode, stdout_tail: events, stderr_tail: stderrTail }) => ({
    agent,
    ...(exitCode === undefined ? {} : { exitCode }),
    stdoutTail: filled(events, workOf(agent), length),
    stderrTail,
  }));
}

/** The composed tails, each filled up with lines of a program at work. */
export function plainEnds(length: number): Ending[] {
  const tails = linesOf(new URL('tails.jsonl', FIXTURES)).map((line) => JSON.parse(line) as { agent: string; tail: string });
  return tails.map(({ agent, tail }) => ({ agent, exitCode: 1, tail: filled(tail, PLAIN_WORK, length) }));
}

const HOSTILE: readonly string[] = [
  '\\',
  '"',
  '=',
  'limit ',
  'error ',
  'model not ',
  '{"type":"',
  '{"type":"x"}\n',
  '[',
  '\u001b[',
  'Attempt 1 failed',
];

/** One piece again and again, on every stream. */
export function hostileEnds(length: number): Ending[] {
  return HOSTILE.flatMap((piece) => {
    const tail = piece.repeat(Math.ceil(length / piece.length)).slice(0, length);
    return ['claude', 'gemini', 'pi', 'acp', 'none'].map((agent) => ({ agent, exitCode: 1, tail, stdoutTail: tail, stderrTail: tail }));
  });
}

const linesOf = (file: URL): string[] => readFileSync(file, 'utf8').trim().split('\n');

/** The work is repeated before the end, and its first line is cut, as it is in a tail. */
function filled(end: string, work: readonly string[], length: number): string {
  let tail = end;
  for (let i = 0; tail.length < length; i++) tail = `${work[i % work.length]}\n${tail}`;
  return tail.slice(-length);
}

const PLAIN_WORK = [
  '⏺ Read(src/server.ts)',
  '  ⎿  Read 214 lines',
  '2026-03-14T13:51:25.673Z info  step=7 tool=shell cmd="npm test -- orders" ms=412',
  '    at Session.next (/srv/app/dist/session.js:252:7)',
  'The change keeps the public interface as it is and moves the parsing into a function of its own.',
];

const SENTENCE = 'I will read the failing test first, then change the function and run the tests once more. ';
const LISTING = 'README.md\\nsrc/index.ts\\nsrc/math.js\\ntest/math.test.js\\n';

function workOf(agent: string): readonly string[] {
  if (agent.includes('acp')) return ACP_WORK;
  const [first = ''] = agent.split('-');
  return WORK[first] ?? PLAIN_WORK;
}

const message = (content: string) =>
  `{"type":"assistant","message":{"id":"msg_1","role":"assistant","content":[${content}],"usage":{"input_tokens":1234,"output_tokens":1}},"session_id":"s1"}`;
const CLAUDE_WORK = [
  message(`{"type":"text","text":"${SENTENCE}"}`),
  message('{"type":"tool_use","id":"t1","name":"Bash","input":{"command":"ls -R"}}'),
  `{"type":"user","message":{"role":"user","content":[{"tool_use_id":"t1","type":"tool_result","content":"${LISTING}","is_error":false}]},"session_id":"s1"}`,
];
const update = (body: string) => `{"jsonrpc":"2.0","method":"session/update","params":{"sessionId":"s1","update":{${body}}}}`;
const ACP_WORK = [
  update(`"sessionUpdate":"agent_message_chunk","content":{"type":"text","text":"${SENTENCE}"}`),
  update('"sessionUpdate":"tool_call","toolCallId":"t1","status":"pending","title":"ls -R","kind":"execute"'),
  update(`"sessionUpdate":"tool_call_update","toolCallId":"t1","status":"completed","rawOutput":"${LISTING}"`),
];
const SDK_WORK = [
  `{"part":"text-delta","text":"${SENTENCE}"}`,
  '{"part":"tool-call","toolName":"bash","input":{"command":"ls -R"}}',
  '{"part":"finish-step","finishReason":"tool-calls","usage":{"inputTokens":1134,"outputTokens":56}}',
];
const WORK: Readonly<Record<string, readonly string[]>> = {
  claude: CLAUDE_WORK,
  qwen: CLAUDE_WORK,
  codex: [
    `{"type":"item.completed","item":{"id":"i1","type":"agent_message","text":"${SENTENCE}"}}`,
    '{"type":"item.started","item":{"id":"i2","type":"command_execution","command":"ls -R","status":"in_progress"}}',
    `{"type":"item.completed","item":{"id":"i2","type":"command_execution","command":"ls -R","aggregated_output":"${LISTING}","exit_code":0,"status":"completed"}}`,
  ],
  gemini: [
    `{"type":"message","role":"assistant","content":"${SENTENCE}","delta":true}`,
    '{"type":"tool_use","tool_name":"run_shell_command","tool_id":"t1","parameters":{"command":"ls -R"}}',
    `{"type":"tool_result","tool_id":"t1","status":"success","output":"${LISTING}"}`,
  ],
  opencode: [
    '{"type":"step_start","sessionID":"s1","part":{"type":"step-start"}}',
    `{"type":"text","sessionID":"s1","part":{"type":"text","text":"${SENTENCE}"}}`,
    `{"type":"tool_use","sessionID":"s1","part":{"type":"tool","tool":"bash","state":{"status":"completed","input":{"command":"ls -R"},"output":"${LISTING}"}}}`,
    '{"type":"step_finish","sessionID":"s1","part":{"reason":"tool-calls","type":"step-finish","tokens":{"input":1134,"output":56}}}',
  ],
  ai: SDK_WORK,
  openai: SDK_WORK,
  anthropic: SDK_WORK,
  pi: [
    `{"type":"message_update","assistantMessageEvent":{"type":"text_delta","delta":"${SENTENCE}"},"message":{"role":"assistant","content":[{"type":"text","text":"${SENTENCE}"}]}}`,
    '{"type":"tool_execution_start","toolCallId":"t1","toolName":"bash","args":{"command":"ls -R"}}',
    `{"type":"tool_execution_end","toolCallId":"t1","result":"${LISTING}"}`,
  ],
};
