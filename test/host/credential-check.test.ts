// The free question to a provider, against a server that answers as told: what is a yes, what is a no, and all that is neither.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { CheckSettings } from '../../src/domain/credential.ts';
import { checkOne, createChecks } from '../../src/host/credential-check.ts';

const KEY = 'sk-test-0123456789abcdef';
let answer: { status: number; body: string; headers?: Record<string, string> };
let asked: { url: string; headers: IncomingHttpHeaders }[];
const server = createServer((request, response) => {
  asked.push({ url: request.url ?? '', headers: request.headers });
  if (answer.status === 0) response.destroy();
  else response.writeHead(answer.status, answer.headers).end(answer.body);
});
let baseUrl: string;
beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
beforeEach(() => {
  asked = [];
});
afterAll(() => new Promise((resolve) => server.close(resolve)));

const check = (settings: CheckSettings, env: NodeJS.ProcessEnv = {}) =>
  checkOne({ used: { name: 'mine', id: '0123' }, settings: { kind: 'env', env: 'MY_KEY', check: settings }, value: KEY, env });
const http = () => ({ kind: 'http', url: `${baseUrl}/me`, header: 'x-key', prefix: '', valid: [200, 204], invalid: [401] }) as const;

describe('a provider', () => {
  it.each([
    ['anthropic', '/v1/models?limit=1', 'x-api-key', KEY],
    ['openai', '/models', 'authorization', `Bearer ${KEY}`],
    ['gemini', '/v1beta/models?pageSize=1', 'x-goog-api-key', KEY],
    ['github', '/rate_limit', 'authorization', `Bearer ${KEY}`],
  ] as const)('%s is asked for free, in its own way', async (kind, url, header, value) => {
    answer = { status: 200, body: '{"data": []}' };
    expect(await check({ kind, baseUrl })).toEqual({ state: 'valid', evidence: `GET ${baseUrl}${url.replace(/\?.*/, '')} answers 200` });
    expect(asked).toMatchObject([{ url, headers: { [header]: value } }]);
    answer = { status: 401, body: '{"error": {"type": "authentication_error"}}' };
    expect(await check({ kind, baseUrl })).toMatchObject({ state: 'invalid' });
  });

  it.each([
    ['anthropic', 403, '{"error": {"type": "permission_error"}}', 'invalid'],
    ['anthropic', 403, '<html>blocked</html>', 'unknown'],
    ['openai', 403, '{"error": {"message": "insufficient permissions: api.model.read"}}', 'unknown'],
    ['gemini', 400, '{"error": {"details": [{"reason": "API_KEY_INVALID"}]}}', 'invalid'],
    ['gemini', 400, '{"error": {"message": "page size"}}', 'unknown'],
    ['gemini', 403, '{"error": {"details": [{"reason": "CONSUMER_SUSPENDED"}]}}', 'invalid'],
    ['github', 403, '{"message": "API rate limit exceeded"}', 'unknown'],
  ] as const)('%s that answers %i %s: %s', async (kind, status, body, state) => {
    answer = { status, body };
    expect(await check({ kind, baseUrl })).toMatchObject({ state });
  });

  it('that is limited, broken, gone or elsewhere could not tell, whatever it writes', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom<CheckSettings['kind'] & string>('anthropic', 'openai', 'gemini', 'github'),
        fc.constantFrom(0, 301, 302, 307, 404, 408, 429, 500, 502, 503, 529),
        fc.constantFrom('', '<html>', '{"error": {"type": "authentication_error"}}', 'API_KEY_INVALID permission_error invalid'),
        async (kind, status, body) => {
          answer = { status, body, headers: { location: `${baseUrl}/elsewhere` } };
          const { state, evidence } = await check({ kind, baseUrl } as CheckSettings);
          expect(state).toBe('unknown');
          expect(evidence).not.toContain(KEY);
        },
      ),
      { numRuns: 60 },
    );
    expect(asked.some(({ url }) => url === '/elsewhere')).toBe(false);
  });

  it('of your own says by its statuses', async () => {
    for (const [status, state] of [
      [204, 'valid'],
      [401, 'invalid'],
      [403, 'unknown'],
    ] as const) {
      answer = { status, body: '' };
      expect(await check(http())).toMatchObject({ state });
    }
    expect(asked[0]?.headers['x-key']).toBe(KEY);
  });

  it('may be a program: 0 is valid, 10 is not, and all else could not tell', async () => {
    const run = (script: string) => check({ kind: 'command', argv: ['sh', '-c', script] }, { PATH: process.env['PATH'] });
    expect(await run(`test "$OUTLIVE_CREDENTIAL" = ${KEY}`)).toMatchObject({ state: 'valid' });
    expect(await run('exit 10')).toEqual({ state: 'invalid', evidence: 'sh ended with 10' });
    expect(await run('exit 1')).toMatchObject({ state: 'unknown' });
    expect(await check({ kind: 'command', argv: ['no-such-checker'] })).toMatchObject({ state: 'unknown' });
  });
});

describe('a login', () => {
  const login = (kind: 'claude' | 'codex' | 'opencode', script: string, implied?: true) => {
    answer = { status: 200, body: '' };
    return checkOne({
      used: { name: 'mine' },
      settings: { kind: 'login', login: kind },
      env: { PATH: script },
      ...(implied ? { implied } : {}),
    });
  };

  it('whose program is not there, or has no word for it, could not tell', async () => {
    expect(await login('claude', '/nowhere')).toMatchObject({ state: 'unknown' });
    expect(await login('opencode', '/nowhere')).toMatchObject({
      state: 'unknown',
      evidence: expect.stringContaining('opencode has no command'),
    });
  });
});

describe('a login that nobody named', () => {
  it('and that is not there says nothing: the agent may be let in by its own settings', async () => {
    const bin = mkdtempSync(join(tmpdir(), 'outlive-login-'));
    writeFileSync(join(bin, 'claude'), '#!/bin/sh\nexit 1\n', { mode: 0o755 });
    const login = (implied: boolean) =>
      checkOne({
        used: { name: 'mine' },
        settings: { kind: 'login', login: 'claude' },
        env: { PATH: `${bin}:${process.env['PATH']}` },
        ...(implied ? { implied } : {}),
      });
    expect(await login(false)).toMatchObject({ state: 'invalid', evidence: expect.stringContaining('nobody is logged in') });
    expect(await login(true)).toMatchObject({ state: 'unknown' });
    rmSync(bin, { recursive: true });
  });
});

describe('a provider that is somewhere else', () => {
  it('is asked there, and its key is shown to nobody else', async () => {
    answer = { status: 200, body: '' };
    const env = { ANTHROPIC_BASE_URL: `${baseUrl}/gateway/` };
    expect(await check({ kind: 'anthropic' }, env)).toMatchObject({
      state: 'valid',
      evidence: `GET ${baseUrl}/gateway/v1/models answers 200`,
    });
  });
});

describe('the checks of a worker', () => {
  const credential = { used: { name: 'mine', id: '1' }, settings: { kind: 'env', env: 'X' }, env: {} } as const;

  it('ask once for many tasks, again after a while, and sooner where nobody could tell', async () => {
    let now = 0;
    let state: 'valid' | 'unknown' = 'valid';
    let questions = 0;
    const checks = createChecks(
      60_000,
      async () => {
        questions += 1;
        return { state, evidence: '' };
      },
      () => now,
    );
    const all = () => Promise.all(Array.from({ length: 50 }, () => checks.check(credential)));
    await all();
    await all();
    expect(questions).toBe(1);
    now += 30_000;
    state = 'unknown';
    await all();
    expect(questions).toBe(2);
    now += 5000;
    await all();
    expect(questions).toBe(3);
    await checks.check({ ...credential, used: { name: 'mine', id: '2' } });
    expect(questions).toBe(4);
  });
});
