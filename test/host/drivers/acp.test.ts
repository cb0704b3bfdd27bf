import { expect, it } from 'vitest';
import { fixture } from '../scratch.ts';
import { talkTo } from './talk-to.ts';

const talk = (kind: string, more: object = {}, until?: string) =>
  talkTo('acp', 'acp', { argv: [process.execPath, fixture('acp-agent'), kind], prompt: 'do it', ...more }, until);
const methodsOf = (lines: readonly Record<string, unknown>[]) =>
  lines.flatMap((line) => (line['>'] as { method?: string } | undefined)?.method ?? []);

it('a turn that ends is told in both directions', async () => {
  const { exitCode, lines, read } = await talk('good');
  expect(exitCode).toBe(0);
  expect(methodsOf(lines)).toEqual(['initialize', 'session/new', 'session/prompt']);
  expect(read).toMatchObject({ session: 'new-1', typed: { outcome: 'finished' }, usage: { inputTokens: 100, outputTokens: 7 } });
});

it('a refusal is an end of the turn, and no good one', async () => {
  const { exitCode, read } = await talk('refuses');
  expect(exitCode).toBe(0);
  expect(read.typed).toMatchObject({ outcome: 'failed', reason: 'refused' });
});

it('an error ends with 1, and its code is the status', async () => {
  expect(await talk('error')).toMatchObject({ exitCode: 1, read: { httpStatus: 429, typed: { outcome: 'failed' } } });
});

it('what it asks leave for is allowed, once', async () => {
  const { exitCode, lines, read } = await talk('asks');
  expect(exitCode).toBe(0);
  expect(JSON.stringify(lines)).toContain('"optionId":"yes"');
  expect(read.denied).toBeUndefined();
});

it('an agent that dies ends the run with its own code', async () => {
  expect(await talk('dies')).toMatchObject({ exitCode: 41 });
});

it('an agent that answers and is gone at once has answered', async () => {
  expect(await talk('quits')).toMatchObject({ exitCode: 0, read: { typed: { outcome: 'finished' } } });
});

it('what is no message is passed on, and harms nobody', async () => {
  expect(await talk('garbage')).toMatchObject({ exitCode: 0, read: { typed: { outcome: 'finished' } } });
});

it('an old session is gone on with by those who can', async () => {
  const resumed = await talk('resume', { resume: 'old-1' });
  expect(methodsOf(resumed.lines)).toEqual(['initialize', 'session/resume', 'session/prompt']);
  expect(resumed.read.session).toBe('old-1');
  const loaded = await talk('load', { resume: 'old-2' });
  expect(methodsOf(loaded.lines)).toEqual(['initialize', 'session/load', 'session/prompt']);
  expect(JSON.stringify(loaded.lines)).not.toContain('what it said before');
});

it('a session that is lost, or an agent that cannot go on, begins afresh', async () => {
  const lost = await talk('load', { resume: 'lost' });
  expect(methodsOf(lost.lines)).toEqual(['initialize', 'session/load', 'session/new', 'session/prompt']);
  expect(lost).toMatchObject({ exitCode: 0, read: { session: 'new-1', typed: { outcome: 'finished' } } });
  expect(methodsOf((await talk('good', { resume: 'old-1' })).lines)).toEqual(['initialize', 'session/new', 'session/prompt']);
});

it('it logs in where its agent wants that and the key is there', async () => {
  const { exitCode, lines } = await talk('login', { login: { variable: 'PATH', method: 'key' } });
  expect(exitCode).toBe(0);
  expect(methodsOf(lines)).toEqual(['initialize', 'session/new', 'authenticate', 'session/new', 'session/prompt']);
  expect(await talk('login')).toMatchObject({ exitCode: 1, read: { httpStatus: 401 } });
});

it('SIGTERM cancels the turn, and ends the agent and then itself', async () => {
  const { exitCode, lines } = await talk('silent', {}, 'I work.');
  expect(exitCode).toBe(143);
  expect(methodsOf(lines)).toContain('session/cancel');
});
