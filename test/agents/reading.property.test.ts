import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { acpReader } from '../../src/agents/acp.ts';
import type { Reader } from '../../src/agents/agent.ts';
import { claudeReader } from '../../src/agents/claude.ts';
import { codexReader } from '../../src/agents/codex.ts';
import { gemini } from '../../src/agents/gemini.ts';
import { endingOf, rulesFor } from '../../src/agents/index.ts';
import { opencodeReader } from '../../src/agents/opencode.ts';
import { pi } from '../../src/agents/pi.ts';
import { qwen } from '../../src/agents/qwen.ts';
import { readEnding } from '../../src/agents/reading.ts';
import { classify } from '../../src/domain/classify.ts';
import type { Ending } from '../../src/domain/ending.ts';
import { REASONS } from '../../src/domain/failure.ts';
import { PROCESS_RULES } from '../../src/domain/process-rules.ts';
import { RECORDED_OF, recorded } from './recorded.ts';

const AGENTS = ['claude', 'codex', 'gemini', 'qwen', 'opencode', 'pi', 'acp', 'codex-acp', 'codex-sdk', 'ai-sdk'];
const RECORDED = RECORDED_OF.flatMap(recorded);
const verdictOn = (ending: Ending) => classify(endingOf(ending), rulesFor(ending.agent));
const linesOf = (text = '') => text.split('\n').filter((line) => line !== '');
/** Everything that a failure may sound like. */
const PHRASES = PROCESS_RULES.filter((rule) => rule.where === 'text').map((rule) => rule.sample);

describe('whatever stands in a stream', () => {
  // Names and kinds that readers look for, put together in any way.
  const value: fc.Arbitrary<unknown> = fc.letrec((tie) => ({
    any: fc.oneof(
      { maxDepth: 4 },
      fc.constantFrom(
        'result',
        'error',
        'system',
        'assistant',
        'failed',
        'end_turn',
        'refusal',
        'APIError',
        '429 no',
        null,
        true,
        0,
        1e300,
      ),
      fc.string(),
      fc.array(tie('any'), { maxLength: 3 }),
      fc.dictionary(
        fc.constantFrom(
          ...['type', 'subtype', 'method', 'params', 'update', 'sessionUpdate', 'error', 'message', 'content', 'usage', 'result', 'status'],
          ...[
            'data',
            'cause',
            'code',
            'part',
            'item',
            'state',
            'turn',
            '_meta',
            'codex',
            'messages',
            'stopReason',
            'errors',
            '<',
            '>',
            'toString',
          ],
          ...['rate_limit_info', 'resetsAt', 'is_error', 'tokens', 'modelUsage', 'permission_denials', 'options', 'outcome', 'constructor'],
        ),
        tie('any'),
        { maxKeys: 6 },
      ),
    ),
  })).any;
  const line = fc.oneof(
    value.map((one) => JSON.stringify(one)),
    fc.constantFrom(...RECORDED.flatMap(({ ending }) => linesOf(ending.stdoutTail))),
    fc.string(),
  );

  it('is read without a throw, and answered with one of the closed table', () => {
    const streams = fc.record({
      agent: fc.constantFrom(...AGENTS),
      exitCode: fc.constantFrom(0, 1, 53, 173),
      stdoutTail: fc.array(line, { maxLength: 8 }).map((some) => some.join('\n')),
      stderrTail: fc.oneof(fc.string(), fc.constantFrom('Attempt 1 failed', 'Attempt 1 failed: no\nRetrying after 3ms\n')),
    });
    fc.assert(
      fc.property(streams, (ending) => {
        const { reason, class: of } = verdictOn(ending);
        expect(of).toBe(reason === 'succeeded' ? 'none' : REASONS[reason].class);
      }),
      { numRuns: 2000 },
    );
  });

  it('may be cut anywhere', () => {
    const cuts = fc.record({ one: fc.constantFrom(...RECORDED), from: fc.double({ min: 0, max: 1 }), to: fc.double({ min: 0, max: 1 }) });
    fc.assert(
      fc.property(cuts, ({ one: { ending }, from, to }) => {
        const text = ending.stdoutTail ?? '';
        const stdoutTail = text.slice(Math.floor(from * text.length), Math.ceil(to * text.length));
        expect(() => verdictOn({ ...ending, stdoutTail })).not.toThrow();
      }),
      { numRuns: 2000 },
    );
  });

  it('before the tail’s first whole event does not matter where the last one says it all', () => {
    for (const { id, ending } of recorded('claude').filter(({ ending: { stdoutTail = '' } }) => stdoutTail.includes('"type":"result"'))) {
      const events = linesOf(ending.stdoutTail);
      const stdoutTail = [`ut off","is_error":true,"error":"rate_limit"}`, ...events.slice(-2)].join('\n');
      expect(verdictOn({ ...ending, stdoutTail }).reason, id).toBe(verdictOn(ending).reason);
    }
  });
});

/** A message of the model, as each agent prints it. */
const MESSAGES: Readonly<Record<string, (text: string) => object>> = {
  claude: (text) => ({
    type: 'assistant',
    message: { id: 'msg_1', role: 'assistant', content: [{ type: 'text', text }], usage: { input_tokens: 1 } },
    session_id: 's',
  }),
  qwen: (text) => ({
    type: 'assistant',
    message: { role: 'assistant', content: [{ type: 'text', text }], usage: { input_tokens: 1 } },
    session_id: 's',
  }),
  codex: (text) => ({ type: 'item.completed', item: { id: 'item_9', type: 'agent_message', text } }),
  'codex-app-server': (text) => ({ method: 'item/completed', params: { item: { type: 'agentMessage', id: 'msg_1', text } } }),
  gemini: (text) => ({ type: 'message', role: 'assistant', content: text, delta: true }),
  opencode: (text) => ({ type: 'text', sessionID: 's', part: { type: 'text', text } }),
  pi: (text) => ({ type: 'message_end', message: { role: 'assistant', content: [{ type: 'text', text }], stopReason: 'stop' } }),
  acp: (text) => ({
    '<': {
      jsonrpc: '2.0',
      method: 'session/update',
      params: { sessionId: 's', update: { sessionUpdate: 'agent_message_chunk', messageId: 'msg_1', content: { type: 'text', text } } },
    },
  }),
  ai: (text) => ({ part: 'text-delta', text }),
};

function messageOf(agent: string): ((text: string) => object) | undefined {
  if (agent.includes('acp')) return MESSAGES['acp'];
  return MESSAGES[agent] ?? MESSAGES[agent.split('-')[0] ?? ''];
}

describe("the model's words", () => {
  it('never decide: a message with the words of any failure, anywhere among the events, leaves the verdict as it is', () => {
    const speaking = RECORDED.filter(({ ending: { agent = '', stdoutTail = '' } }) => stdoutTail.startsWith('{') && messageOf(agent));
    const spoken = fc.record({ one: fc.constantFrom(...speaking), phrase: fc.constantFrom(...PHRASES), at: fc.double({ min: 0, max: 1 }) });
    fc.assert(
      fc.property(spoken, ({ one: { id, ending }, phrase, at }) => {
        const events = linesOf(ending.stdoutTail);
        events.splice(Math.round(at * events.length), 0, JSON.stringify(messageOf(ending.agent ?? '')?.(phrase)));
        const { class: of, reason, retry } = verdictOn({ ...ending, stdoutTail: events.join('\n') });
        const before = verdictOn(ending);
        expect({ of, reason, retry }, id).toEqual({ of: before.class, reason: before.reason, retry: before.retry });
      }),
      { numRuns: 3000 },
    );
  });
});

describe('a head of a line', () => {
  const readers: readonly (readonly [string, Reader])[] = [
    ['claude', claudeReader],
    ['codex', codexReader],
    ['gemini', gemini],
    ['qwen', qwen],
    ['opencode', opencodeReader],
    ['pi', pi],
    ['acp', acpReader],
  ];
  it.each(readers)('of %s tells what its event tells', (name, reader) => {
    const { heads: _, ...slow } = reader;
    for (const { id, ending } of recorded(name)) expect(readEnding(ending, slow), id).toEqual(readEnding(ending, reader));
  });
});

describe('a stream that is made to be slow', () => {
  const PARTS = [
    '{',
    '{"',
    '{"type":"assistant","message":',
    '[',
    '\\',
    'Attempt 1 failed',
    '{"type":"x"}\n',
    '"stopReason":"a",',
    '{"<":',
  ];
  it.each(AGENTS)('of %s costs no more than its end', (agent) => {
    for (const part of PARTS) {
      const tail = part.repeat(Math.ceil((1024 * 1024) / part.length));
      const start = performance.now();
      verdictOn({ agent, exitCode: 1, stdoutTail: tail, stderrTail: tail });
      expect(performance.now() - start, JSON.stringify(part)).toBeLessThan(1000);
    }
  });
});
