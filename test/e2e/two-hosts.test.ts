// Two hosts that take the same runs: one gives way to the other, where there is another.

import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { RUN_DECLINED } from '../../src/domain/contract.ts';
import { hostOfIdentity, poolQueue } from '../../src/domain/names.ts';
import type { TaskSpec } from '../../src/domain/task.ts';
import { startTask } from '../../src/start-task.ts';
import type { Host } from './host-process.ts';
import { agent, type SmallFleet, startSmallFleet } from './small-fleet.ts';

let fleet: SmallFleet;
beforeAll(async () => {
  fleet = await startSmallFleet('two-hosts');
});
afterAll(() => fleet?.stop());

const hosts: Host[] = [];
const startHost = async (hostId: string, pool: string) => {
  const host = await fleet.startHost(hostId, pool);
  hosts.push(host);
  return host;
};
afterEach(async () => {
  await Promise.all(hosts.splice(0).map((host) => host.end('SIGKILL')));
});

/** Two commits, one in each run; the first run waits to be killed. */
const spec = (id: string): TaskSpec => ({
  id,
  pool: id,
  prompt: 'Make 2 commits.',
  agent: { use: 'command', argv: agent('commits-then-waits', '2', '1', join(fleet.folder, `${id}.pid`)) },
  workspace: { repo: fleet.origin },
  outputs: [{ kind: 'commit' }, { kind: 'push' }],
});

async function killFirstRun(id: string): Promise<void> {
  process.kill(await fleet.pidFrom(`${id}.pid`), 'SIGKILL');
}

const declined = async (id: string) =>
  (await fleet.events(id)).filter(
    (event) => event.activityTaskFailedEventAttributes?.failure?.applicationFailureInfo?.type === RUN_DECLINED,
  ).length;

async function pollersOf(pool: string): Promise<(string | undefined)[]> {
  const asked = { namespace: fleet.client.options.namespace, taskQueue: { name: poolQueue(pool) }, taskQueueType: 2 };
  const { pollers } = await fleet.client.workflowService.describeTaskQueue(asked);
  return (pollers ?? []).map(({ identity }) => hostOfIdentity(identity ?? ''));
}

describe('a run that was killed', () => {
  it('is retried on the other host, which continues from what the first one banked', async () => {
    await Promise.all([startHost('left', 'pair'), startHost('right', 'pair')]);
    await startTask(fleet.client, spec('pair'));
    await killFirstRun('pair');
    expect(await fleet.handle('pair').result()).toMatchObject({ state: 'done', runs: 2 });
    const { runs } = await fleet.status('pair');
    expect(new Set(runs.map((run) => run.host))).toEqual(new Set(['left', 'right']));
    expect(fleet.commits('pair')).toHaveLength(2);
  });

  it('is retried at once on its own host where there is no other', async () => {
    await startHost('alone', 'single');
    await startTask(fleet.client, spec('single'));
    await killFirstRun('single');
    expect(await fleet.handle('single').result()).toMatchObject({ state: 'done', runs: 2 });
    expect((await fleet.status('single')).runs).toMatchObject([{ host: 'alone' }, { host: 'alone' }]);
    expect(await declined('single')).toBe(0);
  });
});

describe('a run that needs a program that one host lacks', () => {
  it('never comes to that host again: where no other takes it, its owner is asked, and none of it was a run', async () => {
    await startHost('poor', 'programs');
    const other = await startHost('rich', 'programs');
    // Once it has polled, the server remembers for minutes that it was there.
    await vi.waitFor(async () => expect(await pollersOf('programs')).toContain('rich'), { timeout: 10_000, interval: 50 });
    await other.end('SIGKILL');
    await startTask(fleet.client, { ...spec('programs'), agent: { use: 'command', argv: ['a-program-that-nobody-has'] } });
    await vi.waitFor(async () => expect((await fleet.status('programs')).question?.choices).toContain('retry'), {
      timeout: 60_000,
      interval: 200,
    });
    const { runs } = await fleet.status('programs');
    expect(runs.map(({ host, failure }) => [host, failure?.reason])).toEqual([
      ['poor', 'tool_missing'],
      [undefined, 'tool_missing'],
      [undefined, 'tool_missing'],
    ]);
    expect(runs[1]?.failure?.evidence[0]?.value).toMatch(/only poor took it, where it cannot run/);
  }, 90_000);
});
