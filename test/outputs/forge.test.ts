// Pull requests and comments against a real HTTP server that plays GitHub: what is found, what is made, and what no failure
// is ever taken for.

import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Forge, type ForgeAnswer, startForge } from '../../src/cli/demo/forge.ts';
import { commentMarker } from '../../src/domain/names.ts';
import type { Output } from '../../src/domain/task.ts';
import { make, probe } from '../../src/outputs/index.ts';
import type { Making, Place } from '../../src/outputs/output-type.ts';
import { taskOf } from '../domain/facts.ts';
import { NO_FORGE, placeOf } from './a-place.ts';

const TOKEN = 'forge-token-0123456789';
const BRANCH = 'outlive/fix-login';
const PULL: Output = { kind: 'pull_request', by: 'outlive', title: 'Fix the login', body: 'It was broken.', draft: false };
const COMMENT: Output = { kind: 'comment', by: 'outlive', issue: 41, body: 'Done.' };
const task = taskOf({ workspace: { repo: 'https://git.example/acme/shop.git', base: 'main' }, outputs: [PULL, COMMENT] });

let forge: Forge;
let branches: string[];
beforeEach(async () => {
  branches = [BRANCH];
  forge = await startForge({ repository: 'acme/shop', token: TOKEN, hasBranch: async (name) => branches.includes(name) });
});
afterEach(() => forge.stop());

const access = (over: object = {}) => ({
  ...NO_FORGE,
  host: 'git.example',
  api: forge.api,
  isApiSet: true,
  token: TOKEN as string | undefined,
  ...over,
});
const place = (over: object = {}): Place => placeOf({ task, worker: { ...placeOf().worker, forge: access(over) } });
const making = (over: Partial<Making> = {}, forgeOver: object = {}): Making => ({
  ...place(forgeOver),
  source: { gitDir: '/nowhere', from: 'HEAD', borrowIn: '/nowhere' },
  again: false,
  secondLookMs: 10,
  ...over,
});
const always = (answer: ForgeAnswer) => {
  forge.hooks = { before: () => answer };
};
const pull = (over: object = {}) => {
  const one = { number: 7, title: '', body: '', draft: false, head: BRANCH, base: 'main', state: 'open' as const, merged: false, ...over };
  forge.pulls.push(one);
  return one;
};

describe('a pull request', () => {
  it('that is open is present, also where it goes into another branch, which is said', async () => {
    pull({ base: 'next' });
    expect(await probe(PULL, place())).toMatchObject({
      state: 'present',
      evidence: '#7 is open, into next instead of main: http://forge/acme/shop/pull/7',
    });
  });

  it('that was merged is present, that was closed without it is partial, and of several the open one counts', async () => {
    pull({ number: 5, state: 'closed' });
    expect(await probe(PULL, place())).toMatchObject({
      state: 'partial',
      evidence: expect.stringContaining('closed without being merged'),
    });
    pull({ number: 6, state: 'closed', merged: true });
    expect(await probe(PULL, place())).toMatchObject({ state: 'present', evidence: expect.stringContaining('#6 was merged') });
    pull({ number: 7 });
    expect(await probe(PULL, place())).toMatchObject({ state: 'present', evidence: expect.stringContaining('#7 is open') });
  });

  it('of another branch is none', async () => {
    pull({ head: 'outlive/other' });
    expect(await probe(PULL, place())).toMatchObject({ state: 'absent' });
  });

  it('is opened once, with the id of its task, and found by whoever comes second', async () => {
    const first = await make(PULL, making());
    expect(first).toMatchObject({ state: 'present' });
    expect(await make(PULL, making({ again: true }))).toEqual(first);
    expect(forge.pulls).toHaveLength(1);
    expect(forge.pulls[0]).toMatchObject({
      title: 'Fix the login',
      body: 'It was broken.\n\nOutlive task: fix-login\n',
      head: BRANCH,
      base: 'main',
    });
  });

  it('that comes about between the look and the making is found', async () => {
    let looks = 0;
    forge.hooks = {
      after: ({ method }) => {
        looks += method === 'GET' ? 1 : 0;
        if (method === 'GET' && looks === 1) pull({ number: 9 });
      },
    };
    expect(await make(PULL, making())).toMatchObject({ state: 'present', evidence: expect.stringContaining('#9') });
    expect(forge.pulls).toHaveLength(1);
  });

  it('that was closed by somebody is not opened a second time', async () => {
    pull({ state: 'closed' });
    expect(await make(PULL, making())).toMatchObject({ state: 'partial' });
    expect(forge.pulls).toHaveLength(1);
  });

  it('without its branch is refused for good, in words', async () => {
    branches = [];
    await expect(make(PULL, making())).rejects.toMatchObject({ name: 'EffectRefused', message: expect.stringContaining('422') });
  });
});

describe('a comment', () => {
  it('is found by its marker on any page, whatever people wrote around it', async () => {
    for (let id = 1; id <= 250; id += 1) forge.comments.push({ id, issue: 41, body: `nothing ${id}` });
    expect(await probe(COMMENT, place())).toMatchObject({ state: 'absent' });
    forge.comments.push({ id: 251, issue: 41, body: `Edited by hand.\n${commentMarker('fix-login')}\nSince then more.` });
    expect(await probe(COMMENT, place())).toMatchObject({ state: 'present', evidence: 'http://forge/issues/41#comment-251' });
  });

  it('of another task or on another issue is none', async () => {
    forge.comments.push({ id: 1, issue: 41, body: commentMarker('fix-login-r2') }, { id: 2, issue: 40, body: commentMarker('fix-login') });
    expect(await probe(COMMENT, place())).toMatchObject({ state: 'absent' });
  });

  it('is written once, with a marker that nobody sees', async () => {
    await make(COMMENT, making());
    await make(COMMENT, making());
    expect(forge.comments.map(({ body }) => body)).toEqual([`Done.\n\n${commentMarker('fix-login')}\n`]);
  });

  it('that may have been written before is looked for twice, because a list may lag', async () => {
    let lists = 0;
    forge.hooks = {
      after: ({ method }) => {
        lists += method === 'GET' ? 1 : 0;
        if (lists === 1) forge.comments.push({ id: 1, issue: 41, body: commentMarker('fix-login') });
      },
    };
    expect(await make(COMMENT, making({ again: true }))).toMatchObject({ state: 'present' });
    expect(forge.comments).toHaveLength(1);
    expect(lists).toBe(2);
  });
});

describe('a look that fails is unknown, never absent:', () => {
  it.each([
    [401, 'not accepted'],
    [403, 'may not do this'],
    [404, 'there is no such thing, or the token may not see it'],
    [429, 'could not'],
    [500, 'could not'],
    [502, 'could not'],
  ])('%i', async (status, words) => {
    always({ status });
    for (const output of [PULL, COMMENT])
      expect(await probe(output, place())).toMatchObject({ state: 'unknown', evidence: expect.stringContaining(words) });
  });

  it('a server that is not there, and one that answers nonsense', async () => {
    const gone = await startForge({ repository: 'acme/shop', token: TOKEN, hasBranch: async () => true });
    await gone.stop();
    expect(await probe(PULL, place({ api: gone.api }))).toMatchObject({
      state: 'unknown',
      evidence: expect.stringContaining('ECONNREFUSED'),
    });
    always({ status: 200, body: { not: 'a list' } });
    expect(await probe(PULL, place())).toMatchObject({ state: 'unknown' });
  });

  it('no token, another host, and a path on no forge, each with what to do', async () => {
    expect(await probe(PULL, place({ token: undefined }))).toMatchObject({
      state: 'unknown',
      evidence: expect.stringContaining('set GITHUB_TOKEN'),
    });
    expect(await probe(PULL, place({ host: 'github.com' }))).toMatchObject({
      state: 'unknown',
      evidence: expect.stringContaining('set forge.host'),
    });
    const local = placeOf({ task: taskOf({ workspace: { repo: '/srv/git/acme/shop.git', base: 'main' } }) });
    expect(await probe(PULL, local)).toMatchObject({ state: 'unknown', evidence: expect.stringContaining('set forge.api') });
    expect(forge.pulls).toEqual([]);
  });
});

describe('a making that fails', () => {
  it.each([401, 403, 404, 410, 422])('with %i is refused for good', async (status) => {
    always({ status });
    await expect(make(COMMENT, making())).rejects.toMatchObject({ name: 'EffectRefused' });
  });

  it('with a limit of requests waits as long as the forge asks', async () => {
    always({ status: 403, headers: { 'retry-after': '7' } });
    await expect(make(COMMENT, making())).rejects.toMatchObject({ name: 'EffectDelayed', afterMs: 7000 });
    const reset = Math.ceil(Date.now() / 1000) + 30;
    always({ status: 429, headers: { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': String(reset) } });
    await expect(make(COMMENT, making())).rejects.toSatisfy(({ afterMs }: { afterMs: number }) => afterMs > 25_000 && afterMs < 35_000);
  });

  it.each([500, 503])('with %i may be tried again', async (status) => {
    always({ status });
    await expect(make(COMMENT, making())).rejects.toMatchObject({ name: 'ForgeProblem', refused: false });
  });
});

describe('the token', () => {
  it('does not follow a redirect to another server', async () => {
    const seen: (string | undefined)[] = [];
    const other = createServer((request, response) => {
      seen.push(request.headers.authorization);
      response.writeHead(200, { 'content-type': 'application/json' }).end('[]');
    });
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    const { port } = other.address() as AddressInfo;
    always({ status: 307, headers: { location: `http://localhost:${port}/repos/acme/shop/pulls` } });
    const answer = await probe(PULL, place());
    await new Promise((resolve) => other.close(resolve));
    expect(seen.every((authorization) => authorization === undefined)).toBe(true);
    expect(JSON.stringify(answer)).not.toContain(TOKEN);
  });
});
