import { expect, it } from 'vitest';
import { fixture } from '../scratch.ts';
import { talkTo } from './talk-to.ts';

const server = (kind: string, more: object = {}) => ({
  argv: [process.execPath, fixture('app-server'), kind, 'app-server'],
  exec: [process.execPath, fixture('app-server'), kind, 'exec'],
  prompt: 'do it',
  thread: { approvalPolicy: 'never' },
  ...more,
});
const talk = (kind: string, more?: object, until?: string) => talkTo('app-server', 'codex', server(kind, more), until);

it('a turn that is completed ends with 0, and its deltas are left out', async () => {
  const { exitCode, lines, read } = await talk('good');
  expect(exitCode).toBe(0);
  expect(lines.map(({ method }) => method)).toEqual([
    'outlive/began',
    'thread/started',
    'turn/started',
    'item/completed',
    'thread/tokenUsage/updated',
    'turn/completed',
  ]);
  expect(read).toMatchObject({ session: 'th-1', typed: { outcome: 'finished' }, usage: { inputTokens: 10, outputTokens: 5 } });
});

it('a turn that failed ends with 1, and the account says when its quota is reset', async () => {
  const { exitCode, read } = await talk('fails');
  expect(exitCode).toBe(1);
  expect(read.typed).toMatchObject({ outcome: 'failed', reason: 'quota_exhausted', resetsAt: '2030-01-01T00:00:00.000Z' });
});

it('what it asks for is declined, and that is said', async () => {
  const { exitCode, read } = await talk('asks');
  expect(exitCode).toBe(0);
  expect(read.denied).toEqual(['rm -rf']);
});

it('a server that dies ends the run with its own code', async () => {
  expect(await talk('dies')).toMatchObject({ exitCode: 7 });
});

it('a Codex without an app-server does the work in its exec mode', async () => {
  const { exitCode, lines, read } = await talk('none');
  expect(exitCode).toBe(0);
  expect(lines.map(({ method, type }) => method ?? type)).toEqual(['warning', 'turn.completed']);
  expect(read.typed).toMatchObject({ outcome: 'finished' });
});

it('a thread that is lost is begun afresh', async () => {
  const { exitCode, lines, read } = await talk('good', { resume: 'old' });
  expect(exitCode).toBe(0);
  expect(JSON.stringify(lines)).toContain('no rollout found for thread id old');
  expect(read).toMatchObject({ session: 'th-1', typed: { outcome: 'finished' } });
});

it('retries without end are given up, and what it suffered from is the reason', async () => {
  const { exitCode, lines, read } = await talk('retries');
  expect(exitCode).toBe(1);
  expect(lines.at(-1)).toMatchObject({ method: 'outlive/gaveUp', params: { notices: 20 } });
  expect(read).toMatchObject({ typed: { outcome: 'failed' }, said: expect.stringContaining('waiting for network') });
});

it('SIGTERM ends the server and then itself', async () => {
  const { exitCode } = await talk('silent', {}, 'turn/started');
  expect(exitCode).toBe(143);
});
