// The codec and the codec server of examples/encryption, without a Temporal server; with one: test/e2e/encryption.test.ts.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Payload, PayloadCodec } from '@temporalio/common';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';

const EXAMPLE = new URL('../../examples/encryption/', import.meta.url);
const key = (word: string): string => Buffer.alloc(32, word).toString('base64');
const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text));
const plain = (text: string): Payload => ({ metadata: { encoding: bytes('json/plain') }, data: bytes(JSON.stringify(text)) });
const sayMetadata = ({ metadata }: Payload) =>
  Object.fromEntries(Object.entries(metadata ?? {}).map(([name, value]) => [name, Buffer.from(value).toString()]));

let loads = 0;
/** The codec as a process has it that was started with these variables. */
async function codecWith(newest: string | undefined, older?: string): Promise<PayloadCodec> {
  vi.stubEnv('OUTLIVE_ENCRYPTION_KEY', newest);
  vi.stubEnv('OUTLIVE_ENCRYPTION_OLD_KEYS', older);
  loads += 1;
  const { codec } = (await import(`${new URL('codec.mjs', EXAMPLE).href}?load=${loads}`)) as { codec: PayloadCodec };
  return codec;
}
afterEach(() => vi.unstubAllEnvs());

describe('the codec', () => {
  it('gives back what it was given: every metadata, every byte, and nothing where there was nothing', async () => {
    const codec = await codecWith(key('a'));
    const given: Payload[] = [
      plain('prompt'),
      { metadata: { encoding: bytes('binary/plain'), more: new Uint8Array([0, 255]) }, data: new Uint8Array([0, 1, 255]) },
      { metadata: { encoding: bytes('binary/null') }, data: new Uint8Array() },
    ];
    expect(await codec.decode(await codec.encode(given))).toEqual(given);
    expect(await codec.encode([])).toEqual([]);
  });

  it('shows only that it was encrypted and the name of the key, and never the same twice', async () => {
    const codec = await codecWith(key('a'));
    const [first, second] = (await codec.encode([plain('prompt'), plain('prompt')])) as [Payload, Payload];
    expect(sayMetadata(first)).toEqual({ encoding: 'binary/encrypted', 'encryption-key-id': expect.stringMatching(/^[0-9a-f]{8}$/) });
    expect(Buffer.from(first.data ?? []).toString('latin1')).not.toMatch(/prompt|json/);
    expect(first.data).not.toEqual(second.data);
  });

  it('passes on what it did not encrypt', async () => {
    const codec = await codecWith(key('a'));
    const payloads = [plain('from before'), {}];
    expect(await codec.decode(payloads)).toEqual(payloads);
  });

  it('reads with an old key what was written with it, writes with the new one, and names a key that it lacks', async () => {
    const old = await codecWith(key('a'));
    const written = await old.encode([plain('prompt')]);
    const rotated = await codecWith(key('b'), ` ${key('c')}, ${key('a')}`);
    expect(await rotated.decode(written)).toEqual([plain('prompt')]);
    const id = sayMetadata(written[0] ?? {})['encryption-key-id'];
    const forgotten = await codecWith(key('b'));
    await expect(forgotten.decode(written)).rejects.toThrow(`the key ${id}, and this process has only`);
    await expect(old.decode(await rotated.encode([plain('new')]))).rejects.toThrow('add that key to OUTLIVE_ENCRYPTION_OLD_KEYS');
  });

  it.each<[string, (data: Uint8Array) => Uint8Array]>([
    ['changed', (data) => data.map((byte, at) => (at === 20 ? byte ^ 1 : byte))],
    ['cut off', (data) => data.subarray(0, 5)],
    ['emptied', () => new Uint8Array()],
  ])('refuses what was %s on the way', async (_, change) => {
    const codec = await codecWith(key('a'));
    const [{ metadata, data } = {}] = await codec.encode([plain('prompt')]);
    await expect(codec.decode([{ metadata: metadata ?? {}, data: change(data ?? new Uint8Array()) }])).rejects.toThrow(
      'it was changed or cut off',
    );
  });

  it.each<[string, string | undefined, string | undefined, string]>([
    ['no key', undefined, undefined, 'OUTLIVE_ENCRYPTION_KEY is not set; expected 32 bytes in base64: openssl rand -base64 32'],
    ['a short key', 'c2hvcnQ=', undefined, 'OUTLIVE_ENCRYPTION_KEY holds 5 bytes of base64; expected 32'],
    ['a short old key', key('a'), 'c2hvcnQ=', 'OUTLIVE_ENCRYPTION_OLD_KEYS holds 5 bytes of base64; expected 32'],
  ])('is not loaded with %s', async (_, newest, older, says) => {
    await expect(codecWith(newest, older)).rejects.toThrow(says);
  });
});

describe('the codec server', () => {
  const UI = 'http://127.0.0.1:8233';
  let server: ChildProcess;
  let address: string;

  beforeAll(async () => {
    const env = { ...process.env, OUTLIVE_ENCRYPTION_KEY: key('a'), OUTLIVE_CODEC_PORT: '0' };
    server = spawn(process.execPath, [fileURLToPath(new URL('codec-server.mjs', EXAMPLE))], { env, stdio: ['ignore', 'pipe', 'inherit'] });
    const [line] = await once(server.stdout as NodeJS.ReadableStream, 'data');
    address = /http:\/\/127\.0\.0\.1:\d+/.exec(String(line))?.[0] ?? '';
  });
  afterAll(async () => {
    const gone = once(server, 'exit');
    server.kill();
    await gone;
  });

  const post = (path: string, body: unknown, origin = UI) =>
    fetch(`${address}${path}`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', Origin: origin },
      body: JSON.stringify(body),
    });
  const inJson = { metadata: { encoding: Buffer.from('json/plain').toString('base64') }, data: Buffer.from('"prompt"').toString('base64') };

  it('decodes for the Web UI what it has encoded', async () => {
    const encoded = (await (await post('/encode', { payloads: [inJson] })).json()) as { payloads: unknown[] };
    expect(encoded.payloads).toEqual([
      {
        metadata: { encoding: Buffer.from('binary/encrypted').toString('base64'), 'encryption-key-id': expect.any(String) },
        data: expect.any(String),
      },
    ]);
    const answer = await post('/decode', encoded);
    expect(await answer.json()).toEqual({ payloads: [inJson] });
    expect(answer.headers.get('access-control-allow-origin')).toBe(UI);
  });

  it('lets the Web UI ask before it asks', async () => {
    const answer = await fetch(`${address}/decode`, {
      method: 'OPTIONS',
      headers: { Origin: UI, 'Access-Control-Request-Headers': 'x-namespace' },
    });
    expect(answer.status).toBe(204);
    expect(answer.headers.get('access-control-allow-headers')).toContain('X-Namespace');
  });

  it.each<[string, () => Promise<Response>, number, string]>([
    [
      'another page',
      () => post('/decode', { payloads: [inJson] }, 'http://evil.example'),
      403,
      'http://evil.example is not in OUTLIVE_UI_ORIGIN',
    ],
    ['another path', () => post('/decrypt', { payloads: [] }), 404, 'expected POST /encode or /decode'],
    ['something that is no list of payloads', () => post('/decode', [inJson]), 400, 'expected {"payloads":'],
    ['a list of something else', () => post('/decode', { payloads: [null] }), 400, 'expected {"payloads":'],
  ])('refuses %s', async (_, ask, status, says) => {
    const answer = await ask();
    expect({ status: answer.status, says: await answer.text() }).toEqual({ status, says: expect.stringContaining(says) });
    expect(answer.headers.get('access-control-allow-origin')).toBe(status === 403 ? null : UI);
  });
});
