import { expect, it } from 'vitest';
import { quirkOf } from '../../src/agents/acp-quirks.ts';

it.each([
  ['its program', ['gemini', '--acp']],
  ['a path to it', ['/opt/node/bin/gemini', '--acp']],
  ['its package', ['npx', '-y', '@google/gemini-cli', '--acp']],
  ['a version of its package', ['npx', '-y', '@google/gemini-cli@0.61.0', '--acp']],
  ['a tag of its package', ['npx', '@google/gemini-cli@latest', '--acp']],
  ['a file of it', ['node', '/opt/gemini-cli/bundle/gemini.js', '--acp']],
])('an agent is known by %s', (_, argv) => {
  expect(quirkOf(argv)?.login?.variable).toBe('GEMINI_API_KEY');
});

it('an agent of one’s own has no quirks, whatever its arguments are', () => {
  expect(quirkOf(['my-agent', '--acp', '--like', 'gemini'])).toBeUndefined();
  expect(quirkOf(['gemini-proxy', '--acp'])).toBeUndefined();
});
