// Finishing is killed before and after each of its effects, at the very place: a hook of the origin, or the forge itself,
// says when. The only worker gets SIGKILL, the next one finishes: never two of anything, never none.

import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type Forge, startForge } from '../../src/cli/demo/forge.ts';
import type { TaskStatus } from '../../src/domain/contract.ts';
import { ANSWER, STATUS_QUERY, taskWorkflowId } from '../../src/domain/names.ts';
import { git as gitOf } from '../../src/host/git.ts';
import { startTask } from '../../src/start-task.ts';
import { type Host, startHostProcess } from './host-process.ts';
import { makeOrigin } from './origin.ts';
import { type OwnNamespace, ownNamespace } from './own-namespace.ts';
import { WORK } from './small-fleet.ts';

const TOKEN = 'forge-token-0123456789';
const TIMEOUT = 90_000;
const PATIENCE = { timeout: 40_000, interval: 50 };

let own: OwnNamespace;
let folder: string;
let origin: string;
let forge: Forge;
let worker: Host;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'outlive-finish-'));
  origin = makeOrigin(folder);
  own = await ownNamespace('finish-killed');
  forge = await startForge({
    repository: `${basename(folder)}/origin`,
    token: TOKEN,
    hasBranch: async (name) => (await stands(name)) !== '',
  });
  worker = await startWorker();
}, TIMEOUT);
afterAll(async () => {
  await worker?.end('SIGKILL');
  await forge?.stop();
  await own?.close();
  rmSync(folder, { recursive: true, force: true });
});

async function startWorker(): Promise<Host> {
  const config = join(folder, 'outlive.yaml');
  writeFileSync(config, `timing: {heartbeat: 1s, lease: 60s, backoff: 100ms, secondLook: 300ms}\nforge: {api: '${forge.api}'}\n`);
  const env = {
    ...process.env,
    TEMPORAL_ADDRESS: own.address,
    TEMPORAL_NAMESPACE: own.client.options.namespace,
    XDG_STATE_HOME: folder,
    OUTLIVE_CONFIG: config,
    OUTLIVE_LOG: 'silent',
    GITHUB_TOKEN: TOKEN,
  };
  return startHostProcess('finisher', 'default', env, 'all');
}

async function stands(branch: string): Promise<string> {
  const shown = await gitOf([`--git-dir=${origin}`, 'rev-parse', '--verify', '--quiet', `refs/heads/${branch}`]);
  return shown.ok ? shown.stdout : '';
}

const handle = (id: string) => own.client.workflow.getHandle(taskWorkflowId(id));
const status = (id: string) => handle(id).query<TaskStatus>(STATUS_QUERY);

/** A task that owes a push, a pull request and a comment. */
async function start(id: string, more: object = {}): Promise<void> {
  await startTask(own.client, {
    id,
    prompt: 'Do the work.',
    agent: { use: 'command', argv: ['sh', '-c', WORK] },
    workspace: { repo: origin },
    outputs: [{ kind: 'comment', issue: 41, body: 'Done.' }, { kind: 'pull_request', title: id }, { kind: 'push' }, { kind: 'commit' }],
    ...more,
  });
}

const pullsOf = (id: string) => forge.pulls.filter(({ head }) => head === `outlive/${id}`);
const commentsOf = (id: string) => forge.comments.filter(({ body }) => body.includes(`outlive task ${id} `));

/** One of each, whoever made it. */
async function expectOnce(id: string): Promise<void> {
  expect(await handle(id).result()).toMatchObject({ state: 'done', runs: 1, because: 'every output is present; no check was asked for' });
  const commits = await gitOf([`--git-dir=${origin}`, 'rev-list', '--count', `main..outlive/${id}`]);
  expect(commits).toEqual({ ok: true, stdout: '1' });
  expect(pullsOf(id)).toHaveLength(1);
  expect(commentsOf(id)).toHaveLength(1);
  expect((await status(id)).runs).toHaveLength(1);
}

async function killAndStartAnew(): Promise<void> {
  await worker.end('SIGKILL');
  forge.hooks = {};
  worker = await startWorker();
}

describe('a worker that is killed', () => {
  it.each(['pre-receive', 'post-receive'])(
    'in the %s of the push leaves a task that is finished once',
    { timeout: TIMEOUT },
    async (hook) => {
      const id = `push-${hook}`;
      const [reached, go] = [join(folder, `${id}.reached`), join(folder, `${id}.go`)];
      const file = join(origin, 'hooks', hook);
      writeFileSync(
        file,
        `#!/bin/sh\nwhile read old new ref; do [ "$ref" = refs/heads/outlive/${id} ] || exit 0; done\n: > ${reached}\nn=0; while [ ! -e ${go} ] && [ $n -lt 600 ]; do sleep 0.1; n=$((n + 1)); done\n`,
        { mode: 0o755 },
      );
      await start(id);
      await vi.waitFor(() => expect(existsSync(reached)).toBe(true), PATIENCE);
      await worker.end('SIGKILL');
      rmSync(file);
      writeFileSync(go, '');
      worker = await startWorker();
      await expectOnce(id);
    },
  );

  it.each([
    ['before the pull request is made', 'pull', 'before'],
    ['after the pull request is made, and before its answer', 'pull', 'after'],
    ['before the comment is made', 'comment', 'before'],
    ['after the comment is made, and before its answer', 'comment', 'after'],
  ] as const)('%s leaves a task that is finished once', { timeout: TIMEOUT }, async (_, what, when) => {
    const id = `${what}-${when}`;
    let reach = () => {};
    const reached = new Promise<void>((resolve) => {
      reach = resolve;
    });
    const hang = ({ method, path }: { method: string; path: string }) => {
      if (method !== 'POST' || !path.endsWith(what === 'pull' ? '/pulls' : '/comments')) return undefined;
      reach();
      return new Promise<never>(() => {});
    };
    forge.hooks = { [when]: hang };
    await start(id);
    await reached;
    await killAndStartAnew();
    await expectOnce(id);
  });
});

describe('a forge', () => {
  it('that is down for a while is waited for, and nobody is asked', { timeout: TIMEOUT }, async () => {
    let down = 3;
    forge.hooks = {
      before: () => {
        down -= 1;
        return down >= 0 ? { status: 502 } : undefined;
      },
    };
    await start('forge-down');
    await expectOnce('forge-down');
    expect((await status('forge-down')).answers).toEqual([]);
  });

  it('that refuses the token has a person asked at once, and is finished once it is right', { timeout: TIMEOUT }, async () => {
    forge.hooks = { before: () => ({ status: 401 }) };
    await start('bad-token');
    const question = await vi.waitFor(
      async () => (await status('bad-token')).question ?? Promise.reject(new Error('nothing is asked yet')),
      PATIENCE,
    );
    expect(question.text).toMatch(/the pull request by Outlive did not come about: .*401.*put another one into the worker's environment/);
    expect(question.choices).toEqual(['finish', 'adopt', 'look', 'wait', 'close']);
    forge.hooks = {};
    await handle('bad-token').executeUpdate(ANSWER, { args: [{ choice: 'finish', by: 'ann' }] });
    expect(await handle('bad-token').result()).toMatchObject({ state: 'done', runs: 1 });
    expect(pullsOf('bad-token')).toHaveLength(1);
    expect(commentsOf('bad-token')).toHaveLength(1);
  });
});

describe('what another hand has done', () => {
  it('is found, and not made a second time', { timeout: TIMEOUT }, async () => {
    await start('by-hand', { approve: 'before_finish' });
    await vi.waitFor(async () => expect((await status('by-hand')).question).toBeDefined(), PATIENCE);
    const pull = { title: 'by hand', body: '', draft: false, base: 'main', state: 'open' as const, merged: false };
    forge.pulls.push({ ...pull, number: 900, head: 'outlive/by-hand' });
    await handle('by-hand').executeUpdate(ANSWER, { args: [{ choice: 'approve', by: 'ann' }] });
    expect(await handle('by-hand').result()).toMatchObject({ state: 'done' });
    expect(pullsOf('by-hand').map(({ number }) => number)).toEqual([900]);
  });

  it('and closed again is not opened anew: a person is asked, and may take it as it is', { timeout: TIMEOUT }, async () => {
    await start('closed-by-hand', { approve: 'before_finish' });
    await vi.waitFor(async () => expect((await status('closed-by-hand')).question).toBeDefined(), PATIENCE);
    const pull = { title: 'by hand', body: '', draft: false, base: 'main', state: 'closed' as const, merged: false };
    forge.pulls.push({ ...pull, number: 901, head: 'outlive/closed-by-hand' });
    await handle('closed-by-hand').executeUpdate(ANSWER, { args: [{ choice: 'approve', by: 'ann' }] });
    await vi.waitFor(async () => expect((await status('closed-by-hand')).question?.id).toBe('q2'), PATIENCE);
    expect((await status('closed-by-hand')).question?.text).toContain('closed without being merged');
    await handle('closed-by-hand').executeUpdate(ANSWER, { args: [{ choice: 'adopt', by: 'ann' }] });
    expect(await handle('closed-by-hand').result()).toMatchObject({
      state: 'done',
      because: expect.stringContaining('pull_request partial'),
    });
    expect(pullsOf('closed-by-hand')).toHaveLength(1);
    expect(commentsOf('closed-by-hand')).toHaveLength(1);
  });

  it('that merged the work and deleted its branch before any run leaves nothing to do but what is still owed', {
    timeout: TIMEOUT,
  }, async () => {
    const pull = { title: 'merged', body: '', draft: false, base: 'main', state: 'closed' as const, merged: true };
    forge.pulls.push({ ...pull, number: 902, head: 'outlive/merged-before' });
    await start('merged-before');
    expect(await handle('merged-before').result()).toMatchObject({ state: 'done', runs: 0 });
    expect(commentsOf('merged-before')).toHaveLength(1);
  });
});
