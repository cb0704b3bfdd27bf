// The commands about hosts, against a real server: in a namespace with a worker, and in one where nobody moves tasks on.

import { existsSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { optionalTsToMs } from '@temporalio/common/lib/time.js';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { HostRow } from '../../src/cli/host-list.ts';
import type { HostCard } from '../../src/domain/host.ts';
import { hostHealthId, hostQueue, poolQueue } from '../../src/domain/names.ts';
import { joinHost } from '../../src/host-state.ts';
import { outlive } from '../cli/outside.ts';
import { type OwnNamespace, ownNamespace } from './own-namespace.ts';
import { type SmallFleet, startSmallFleet, WORK } from './small-fleet.ts';

let fleet: SmallFleet;
/** Where only pollers are. */
let nobody: OwnNamespace;
let here: NodeJS.ProcessEnv;
let there: NodeJS.ProcessEnv;

beforeAll(async () => {
  fleet = await startSmallFleet('hosts');
  nobody = await ownNamespace('hosts-nobody');
  here = environment(fleet.client.options.namespace);
  there = environment(nobody.client.options.namespace);
  await joinHost(fleet.client, card('hosts'));
});
afterAll(async () => {
  await fleet?.stop();
  await nobody?.close();
});

const card = (host: string, more: Partial<HostCard> = {}): HostCard => ({
  host,
  pools: ['default'],
  capacity: 4,
  version: '0.1.0',
  bootId: 'boot',
  startedAt: '2026-03-01T10:00:00.000Z',
  ...more,
});

const environment = (namespace: string): NodeJS.ProcessEnv => ({
  TEMPORAL_ADDRESS: nobody.address,
  TEMPORAL_NAMESPACE: namespace,
  TEMPORAL_CONFIG_FILE: join(fleet.folder, 'none.toml'),
  OUTLIVE_CONFIG: join(fleet.folder, 'outlive.yaml'),
  USER: 'ana',
});

async function json(args: readonly string[], env = here) {
  const { code, stdout } = await outlive([...args, '--json'], { env });
  return { code, body: JSON.parse(stdout) };
}

const hosts = async (env = here): Promise<readonly HostRow[]> => (await json(['hosts'], env)).body;

/** Resolves once `outlive hosts` shows it so. */
const hostIs = (expected: object, host = 'hosts'): Promise<unknown> =>
  vi.waitFor(async () => expect((await hosts()).find(({ id }) => id === host)).toMatchObject(expected), {
    timeout: 15_000,
    interval: 200,
  });

/** A task whose agent works until `let go`. */
async function startHeld(id: string): Promise<{ letGo(): void }> {
  const go = join(fleet.folder, `${id}-go`);
  const at = join(fleet.folder, `${id}-at-work`);
  await fleet.start(id, `touch ${at}; while [ ! -e ${go} ]; do sleep 0.05; done; ${WORK}`);
  await vi.waitFor(() => expect(existsSync(at)).toBe(true), { timeout: 15_000 });
  return { letGo: () => writeFileSync(go, '') };
}

const done = (id: string): Promise<void> =>
  vi.waitFor(async () => expect((await fleet.status(id)).state).toBe('done'), { timeout: 15_000, interval: 100 });

/** When the host of the first run took it, in epoch milliseconds. */
async function takenAt(id: string): Promise<number> {
  const events = await fleet.events(id);
  const offered = events.find(({ activityTaskScheduledEventAttributes: asked }) => asked?.activityId === 'run-1')?.eventId;
  const taken = events.find(({ activityTaskStartedEventAttributes: by }) => String(by?.scheduledEventId) === String(offered));
  return optionalTsToMs(taken?.eventTime) ?? 0;
}

describe('hosts', () => {
  it('shows a host that joined, what it offers and which runs live there', async () => {
    const held = await startHeld('listed');
    await hostIs({
      id: 'hosts',
      state: 'up',
      pools: ['default'],
      capacity: 4,
      running: [{ task: 'listed', run: 1, phase: 'running' }],
      version: '0.1.0',
      since: '2026-03-01T10:00:00.000Z',
      lastSeen: expect.stringMatching(/^\d{4}-.*Z$/),
    });
    const { stdout } = await outlive(['hosts'], { env: here });
    expect(stdout).toMatch(/^hosts +up +1\/4 +default +0\.1\.0 /m);
    expect(stdout).toMatch(/^ +hosts +listed +run 1 +running$/m);
    held.letGo();
    await done('listed');
    await hostIs({ state: 'up', running: [] });
  });

  it('shows a host that nobody hears of as silent, and a worker of an older version that takes runs without having joined', async () => {
    await joinHost(nobody.client, card('gone', { pools: ['gpu'] }));
    const go = async () => {};
    await nobody.startPoller(poolQueue('gpu'), 'old-1/4711/0.0.9', { go });
    await nobody.startPoller(hostQueue('old-1'), 'old-1/4711/0.0.9', { go });
    await vi.waitFor(
      async () =>
        expect(await hosts(there)).toEqual([
          { id: 'gone', state: 'silent', pools: ['gpu'], capacity: 4, running: [], version: '0.1.0', since: expect.any(String) },
          { id: 'old-1', state: 'up', pools: ['gpu'], running: [], version: '0.0.9', lastSeen: expect.any(String) },
        ]),
      { timeout: 10_000, interval: 200 },
    );
  });
});

describe('drain', () => {
  it('takes a host out, says which runs go on there, and takes it back', async () => {
    const held = await startHeld('outlasts');
    const drained = { by: 'ana', why: 'new kernel', since: expect.any(String) };
    const running = [{ task: 'outlasts', run: 1, phase: 'running' }];
    await hostIs({ running });
    expect(await json(['drain', 'hosts', '--why', 'new kernel'])).toEqual({
      code: 0,
      body: { id: 'hosts', changed: true, taken: true, drained, running },
    });
    await hostIs({ state: 'draining', drained, running });

    const again = await outlive(['drain', 'hosts', '--why', 'another', '--by', 'bob'], { env: here });
    expect(again).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^hosts was drained before by ana since .*: new kernel\.\n1 run there goes on:\n/),
    });

    held.letGo();
    await done('outlasts');
    await hostIs({ state: 'drained', drained, running: [] });

    const back = await outlive(['drain', hostHealthId('hosts'), '--undo'], { env: here });
    expect(back).toMatchObject({ code: 0, stdout: 'hosts takes runs again within 10 s.\n' });
    await hostIs({ state: 'up' });
    expect((await hosts())[0]).not.toHaveProperty('drained');
    expect(await json(['drain', 'hosts', '--undo'])).toEqual({ code: 0, body: { id: 'hosts', changed: false, taken: true } });
  });

  it('holds for a worker that starts later: it takes no run until the host is taken back', async () => {
    await joinHost(fleet.client, card('late', { pools: ['elsewhere'] }));
    expect((await json(['drain', 'late'])).body).toMatchObject({ taken: true });
    const host = await fleet.startHost('late', 'elsewhere');
    try {
      await fleet.start('patient', WORK, WORK, { pool: 'elsewhere' });
      await vi.waitFor(async () => expect((await json(['show', 'patient'])).body.state).toBe('queued'), { timeout: 10_000 });
      await hostIs({ state: 'drained', running: [] }, 'late');
      const backAt = Date.now();
      await json(['drain', 'late', '--undo']);
      await done('patient');
      expect((await fleet.status('patient')).runs).toMatchObject([{ n: 1, host: 'late' }]);
      expect(await takenAt('patient')).toBeGreaterThan(backAt);
    } finally {
      await host.end('SIGTERM');
    }
  }, 60_000);

  it('of a host that is not known names those that are', async () => {
    const { code, body } = await json(['drain', 'hots']);
    expect({ code, body }).toMatchObject({ code: 1, body: { error: { code: 'not_found' } } });
    expect(body.error.message).toContain('There is no host "hots"');
    expect(body.error.message).toContain('Known are: hosts, late.');
  });

  it('refuses a reason that does not fit on the record, before it asks any server', async () => {
    expect(await json(['drain', 'hosts', '--why', 'x'.repeat(251)], {})).toMatchObject({
      code: 2,
      body: { error: { code: 'bad_input', message: expect.stringContaining('at most 250 characters') } },
    });
  });

  it('is kept where no worker is up to read it, and says so', async () => {
    await joinHost(nobody.client, card('gone', { pools: ['gpu'] }));
    const { code, stdout, stderr } = await outlive(['drain', 'gone'], { env: there });
    expect({ code, stdout }).toMatchObject({ code: 0, stdout: expect.stringMatching(/^gone is to be drained\./) });
    expect(stderr).toContain('No worker read this within 5 s, so it waits as a signal');
  });
});

describe('pause', () => {
  it('keeps the tasks of a pool queued, whichever worker polls, and lets them run within seconds of --undo', async () => {
    const paused = { by: 'ana', why: 'quota is gone', since: expect.any(String) };
    const queue = 'runs.default';
    expect(await json(['pause', '--pool', 'default', '--why', 'quota is gone'])).toEqual({
      code: 0,
      body: [{ queue, pool: 'default', changed: true, paused }],
    });
    await fleet.start('waits', WORK);
    const isQueued = async () => expect((await json(['show', 'waits'])).body).toMatchObject({ state: 'queued' });
    await vi.waitFor(isQueued, { timeout: 10_000, interval: 50 });
    await hostIs({ paused: [{ queue, pool: 'default', ...paused }] });
    const again = await outlive(['pause', '--pool', 'default', '--by', 'bob'], { env: here });
    expect(again.stdout).toMatch(/^pool default {2}was paused before, by ana, .* ago: quota is gone$/m);
    expect((await outlive(['hosts'], { env: here })).stdout).toMatch(/^ +pool default +by ana, .* ago: +quota is gone$/m);
    // All the while a free worker polls, which takes a run within milliseconds.
    await isQueued();

    expect(await json(['pause', '--pool', 'default', '--undo'])).toEqual({
      code: 0,
      body: [{ queue, pool: 'default', changed: true }],
    });
    await done('waits');
    expect((await hosts())[0]).not.toHaveProperty('paused');
  });

  it('without a pool is about every pool, and about what hosts continue themselves', async () => {
    const queues = ['runs.default', 'runs.elsewhere', 'host.hosts.runs', 'host.late.runs'];
    const all = await json(['pause']);
    expect(all.body.map(({ queue, changed }: { queue: string; changed: boolean }) => ({ queue, changed }))).toEqual(
      queues.map((queue) => ({ queue, changed: true })),
    );
    expect((await hosts()).map(({ paused }) => paused?.map(({ queue }) => queue))).toEqual([
      ['runs.default', 'host.hosts.runs'],
      ['runs.elsewhere', 'host.late.runs'],
    ]);
    const back = await outlive(['pause', '--undo'], { env: here });
    expect(back.stdout.match(/is free again/g)).toHaveLength(queues.length);
    const again = (await outlive(['pause', '--undo'], { env: here })).stdout;
    expect(again).toContain('was not paused');
    expect(again).not.toContain('is taken within seconds');
  });

  it('refuses a pool that no host serves, because its name is most likely mistyped', async () => {
    expect(await json(['pause', '--pool', 'defualt'])).toMatchObject({
      code: 1,
      body: { error: { code: 'not_found', message: expect.stringContaining('Pools are: default, elsewhere.') } },
    });
  });

  it('leaves an operator’s own rate limit alone when it is taken back', async () => {
    const limit = { namespace: nobody.client.options.namespace, taskQueue: 'runs.gpu', taskQueueType: 2 };
    await nobody.client.workflowService.updateTaskQueueConfig({ ...limit, updateQueueRateLimit: { rateLimit: { requestsPerSecond: 5 } } });
    expect(await json(['pause', '--pool', 'gpu', '--undo'], there)).toEqual({
      code: 0,
      body: [{ queue: 'runs.gpu', pool: 'gpu', changed: false }],
    });
    const { config } = await nobody.client.workflowService.describeTaskQueue({
      namespace: limit.namespace,
      taskQueue: { name: 'runs.gpu' },
      taskQueueType: 2,
      reportConfig: true,
    });
    expect(config?.queueRateLimit?.rateLimit?.requestsPerSecond).toBe(5);
  });
});

describe('a host whose state folder cannot be looked at', () => {
  it('takes no run, says why, and goes on once it can be', { timeout: 60_000 }, async () => {
    const host = await fleet.startHost('moved', 'moved', { OUTLIVE_LOG: 'warn' });
    const state = join(fleet.folder, 'outlive', 'moved');
    renameSync(state, `${state}.aside`);
    const said = (what: string) => vi.waitFor(() => expect(host.log()).toContain(what), { timeout: 20_000 });
    await said(`its state folder ${state} cannot be looked at (ENOENT)`);
    await fleet.start('waits-for-its-host', WORK, WORK, { pool: 'moved' });
    renameSync(`${state}.aside`, state);
    await said('this host takes runs again');
    await done('waits-for-its-host');
  });
});
