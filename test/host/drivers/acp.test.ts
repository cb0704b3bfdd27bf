import { expect, it } from 'vitest';
import { rulesFor } from '../../../src/agents/index.ts';
import { classify } from '../../../src/domain/classify.ts';
import { fixture } from '../scratch.ts';
import { type Talk, talkTo } from './talk-to.ts';

const talk = (kind: string, more: object = {}, until?: string) =>
  talkTo('acp', 'acp', { argv: [process.execPath, fixture('acp-agent'), kind], prompt: 'do it', ...more }, until);
const reasonOf = ({ read }: Talk) => classify(read, rulesFor('acp')).reason;
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

it.each(['deep', 'long', 'separated'])('what is too %s for a message is in the way of no other', async (kind) => {
  const { exitCode, lines, read } = await talk(kind);
  expect(exitCode).toBe(0);
  expect(JSON.stringify(lines)).toContain('"optionId":"yes"');
  expect(read.typed).toMatchObject({ outcome: 'finished' });
});

it('an agent that leaves a child which talks on has ended all the same', async () => {
  const { exitCode, lines, stderr } = await talk('orphans');
  expect(stderr).toBe('');
  expect(exitCode).toBe(7);
  expect(lines.at(-1)).toEqual({ final: { agent_exit: 7, agent_signal: null } });
});

it('a program that is not there is a tool that is missing, and says so', async () => {
  const gone = await talk('', { argv: ['/nowhere/agent'] });
  expect(gone.exitCode).toBe(127);
  expect(gone.stderr).toContain('/nowhere/agent could not be started');
  expect(reasonOf(gone)).toBe('tool_missing');
});

it('a turn that was cancelled by nobody was killed, and its task is not stopped', async () => {
  const signalled = await talk('signalled');
  expect(signalled.exitCode).toBe(1);
  expect(reasonOf(signalled)).toBe('killed');
});

it.each([
  ['future', 'version 9'],
  ['nameless', 'without a sessionId'],
])('an agent that speaks another protocol (%s) is refused in plain words', async (kind, words) => {
  const { exitCode, lines, stderr } = await talk(kind);
  expect(exitCode).toBe(1);
  expect(stderr).toContain(words);
  expect(methodsOf(lines)).not.toContain('session/prompt');
});

it('what each step cost is summed up, also where the end never comes', async () => {
  expect((await talk('counts')).read.usage).toEqual({ inputTokens: 100, outputTokens: 10, turns: 1 });
  const argv = [process.execPath, fixture('acp-agent'), 'counts', 'dies'];
  expect((await talk('counts', { argv })).read.usage).toEqual({ inputTokens: 100, outputTokens: 10, turns: 1, incomplete: true });
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
  expect(lost.lines).toContainEqual({ outlive: { event: 'afresh', insteadOf: 'lost', why: 'Session not found' } });
  const unable = await talk('good', { resume: 'old-1' });
  expect(methodsOf(unable.lines)).toEqual(['initialize', 'session/new', 'session/prompt']);
  expect(JSON.stringify(unable.lines)).toContain('cannot go on with a session');
});

it('it logs in where its agent wants that and the key is there', async () => {
  const { exitCode, lines } = await talk('login', { login: { variable: 'PATH', method: 'key' } });
  expect(exitCode).toBe(0);
  expect(methodsOf(lines)).toEqual(['initialize', 'session/new', 'authenticate', 'session/new', 'session/prompt']);
  expect(await talk('login')).toMatchObject({ exitCode: 1, read: { httpStatus: 401 } });
});

it('SIGTERM cancels the turn, and ends the agent and then itself', async () => {
  const ended = await talk('silent', {}, 'I work.');
  expect(ended.exitCode).toBe(143);
  expect(methodsOf(ended.lines)).toContain('session/cancel');
  expect(ended.stderr).toContain('the turn was cancelled');
  expect(reasonOf(ended)).toBe('killed');
});
