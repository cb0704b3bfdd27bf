// Channels against a real server and a real program.

import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { noticeOf } from '../../src/domain/notice.ts';
import { channelsOf } from '../../src/host/notice-channels.ts';

interface Got {
  readonly headers: IncomingHttpHeaders;
  readonly body: unknown;
}

let got: Got[];
let status = 200;
const server = createServer(async (request, response) => {
  let text = '';
  for await (const chunk of request) text += String(chunk);
  got.push({ headers: request.headers, body: JSON.parse(text) });
  response.writeHead(status, status === 307 ? { location: '/elsewhere' } : {}).end();
});
let url: string;
let folder: string;
beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook-secret-0123456789`;
  folder = mkdtempSync(join(tmpdir(), 'outlive-notice-'));
});
beforeEach(() => {
  got = [];
  status = 200;
});
afterAll(async () => {
  await new Promise((resolve) => server.close(resolve));
  rmSync(folder, { recursive: true, force: true });
});

const question = {
  id: 'q1',
  text: 'Is <b> & co. right?',
  evidence: [],
  choices: ['retry'],
  owner: 'ann',
  askedAt: '2026-01-01T00:00:00.000Z',
} as const;
const NOTICE = noticeOf('asked', 0, { id: 'fix', title: 'Fix <it>' }, question);
const send = (settings: Parameters<typeof channelsOf>[0][number], env: NodeJS.ProcessEnv = {}) => {
  const [channel] = channelsOf([settings], { ...process.env, ...env });
  return channel?.send(NOTICE);
};

describe('a webhook', () => {
  it('gets the notice as it is, with its key, and headers from the environment', async () => {
    await send(
      { kind: 'webhook', url: { env: 'HOOK' }, headers: { authorization: { env: 'HOOK_TOKEN' } } },
      { HOOK: url, HOOK_TOKEN: 'Bearer t0ken' },
    );
    expect(got).toHaveLength(1);
    expect(got[0]?.body).toEqual(NOTICE);
    expect(got[0]?.headers).toMatchObject({ authorization: 'Bearer t0ken', 'idempotency-key': NOTICE.key });
  });

  it.each([404, 500, 307])('that answers %i has not been told, and its address is in no message', async (answer) => {
    status = answer;
    const failure = await send({ kind: 'webhook', url, headers: {} })?.catch((error: Error) => error);
    expect(failure).toMatchObject({ message: `it answered ${answer}` });
    expect(got).toHaveLength(1);
  });

  it('whose variable is not set says so', async () => {
    await expect(send({ kind: 'webhook', url: { env: 'NO_SUCH_HOOK' }, headers: {} })).rejects.toThrow(
      'the variable NO_SUCH_HOOK is not set',
    );
  });

  it('that is not there is told by its code alone', async () => {
    await expect(send({ kind: 'webhook', url: 'http://127.0.0.1:1/hook-secret', headers: {} })).rejects.toThrow(
      /^it gave no answer \(\w+\)$/,
    );
  });
});

describe('Slack', () => {
  it('gets one text, in which nothing that people wrote is markup', async () => {
    await send({ kind: 'slack', url });
    const [{ body } = { body: {} }] = got;
    const { text } = body as { text: string };
    expect(text).toContain('fix (Fix &lt;it&gt;) asks ann: Is &lt;b&gt; &amp; co. right?');
    expect(text).toContain('`outlive answer fix retry`');
  });
});

describe('a command', () => {
  it('gets the notice on its input, and what it is about in its environment', async () => {
    const out = join(folder, 'out');
    await send({ kind: 'command', argv: ['sh', '-c', `cat > ${out}; echo "$OUTLIVE_NOTICE_KIND $OUTLIVE_TASK" >> ${out}`] });
    const [json = '', about] = readFileSync(out, 'utf8')
      .replace(/}asked/, '}\nasked')
      .trim()
      .split('\n');
    expect(JSON.parse(json)).toEqual(NOTICE);
    expect(about).toBe('asked fix');
  });

  it('that fails is told by its last words, and leaves no process behind', async () => {
    const mark = join(folder, 'alive');
    const script = `(sleep 1; : > ${mark}) & echo no line to the pager >&2; exit 3`;
    await expect(send({ kind: 'command', argv: ['sh', '-c', script] })).rejects.toThrow('it ended with 3: no line to the pager');
    await new Promise((resolve) => setTimeout(resolve, 1300));
    expect(existsSync(mark)).toBe(false);
    writeFileSync(mark, '');
  });

  it('that is not there says so', async () => {
    await expect(send({ kind: 'command', argv: ['no-such-pager'] })).rejects.toThrow(/no program of that name|ENOENT/);
  });
});
