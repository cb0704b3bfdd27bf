import fc from 'fast-check';
import { expect, it } from 'vitest';
import { claudeReader } from '../../src/agents/claude.ts';
import { codexReader } from '../../src/agents/codex.ts';
import { opencodeReader } from '../../src/agents/opencode.ts';
import { readAgentStream } from '../../src/agents/stream.ts';
import { recorded } from './recorded.ts';

const READERS = { claude: claudeReader, codex: codexReader, opencode: opencodeReader } as const;

it.each(Object.entries(READERS))('a stream of %s cut anywhere tells what it tells as a whole', (name, reader) => {
  const streams = recorded(name).map(({ ending }) => `${ending.stdoutTail ?? ''}\n`);
  fc.assert(
    fc.property(fc.constantFrom(...streams), fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 1 }), (text, lengths) => {
      const whole = readAgentStream(reader);
      whole.feed(text);
      const pieces = readAgentStream(reader);
      for (let at = 0, turn = 0; at < text.length; turn += 1) {
        const length = lengths[turn % lengths.length] ?? 1;
        pieces.feed(text.slice(at, at + length));
        at += length;
      }
      expect(pieces.heard).toEqual(whole.heard);
      expect(pieces.signsOfLife).toBe(whole.signsOfLife);
    }),
    { numRuns: 200 },
  );
});

it('a line without an end is not kept', () => {
  const stream = readAgentStream(claudeReader);
  for (let piece = 0; piece < 40; piece += 1) stream.feed('x'.repeat(100_000));
  stream.feed('\n{"type":"system","subtype":"init","session_id":"s-1","claude_code_version":"2.1.0"}\n');
  expect(stream.heard).toMatchObject({ session: 's-1', version: '2.1.0', turns: 1 });
});

it("an agent's notices that it tries again are no signs of life, and everything else is", () => {
  const stream = readAgentStream(claudeReader);
  const retry = '{"type":"system","subtype":"api_retry","attempt":1,"error_status":529,"error":"overloaded"}\n';
  stream.feed('{"type":"system","subtype":"init","session_id":"s-1"}\n');
  const before = stream.signsOfLife;
  stream.feed(retry + retry + retry);
  expect(stream.signsOfLife).toBe(before);
  stream.feed('{"type":"user","message":{}}\n{"type":"of a later version"}\nplain text\n');
  expect(stream.signsOfLife).toBe(before + 3);
});
