// Two hosts that take the same runs: one gives way to the other, where there is another.

import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { RUN_DECLINED } from '../../src/domain/contract.ts';
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
