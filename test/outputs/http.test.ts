import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { probe } from '../../src/outputs/index.ts';
import { placeOf } from './a-place.ts';

const place = placeOf();
const server = createServer((request, response) => {
  const status = Number(request.url?.slice(1));
  if (Number.isNaN(status)) response.destroy();
  else response.writeHead(status, status === 302 ? { location: '/200' } : {}).end('body');
});
let origin: string;
beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => new Promise((resolve) => server.close(resolve)));

const look = (path: string, over: object = {}) =>
  probe({ kind: 'http', by: 'agent', url: `${origin}/${path}`, present: [200], absent: [404], ...over }, place);

it.each([
  ['200', 'present', /answers 200$/],
  ['404', 'absent', /answers 404$/],
  ['500', 'unknown', /answers 500, which is among neither/],
  ['302', 'unknown', /answers 302/],
  ['cut', 'unknown', /gave no answer: (?:other side closed|socket hang up|read ECONNRESET)/],
])('an answer %s is %s', async (path, state, evidence) => {
  expect(await look(path)).toMatchObject({ kind: 'http', reach: 'world', state, evidence: expect.stringMatching(evidence) });
});

it('which statuses say so is the task’s own word', async () => {
  expect(await look('410', { absent: [404, 410] })).toMatchObject({ state: 'absent' });
  expect(await look('302', { present: [302] })).toMatchObject({ state: 'present' });
});

it('a server that is not there is no proof of absence', async () => {
  const answer = await probe({ kind: 'http', by: 'agent', url: 'http://127.0.0.1:1/', present: [200], absent: [404] }, place);
  expect(answer).toMatchObject({ state: 'unknown', evidence: expect.stringContaining('gave no answer') });
});
