// Hosts that do not come back. Slow by nature: a host gets its lease and half a minute before anybody looks past it.

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { CONTROL_QUEUE, hostQueue, poolQueue } from '../../src/domain/names.ts';
import { processIdentity } from '../../src/host/process-tree.ts';
import { startTask } from '../../src/start-task.ts';
import { agent, type SmallFleet, startSmallFleet } from './small-fleet.ts';

let fleet: SmallFleet;
beforeAll(async () => {
  fleet = await startSmallFleet('lost-hosts');
});
afterAll(() => fleet?.stop());

const alive = (pids: readonly number[]) => pids.filter((pid) => processIdentity(pid));
const wipAtOrigin = (id: string) => fleet.git('for-each-ref', `refs/outlive/${id}/`).includes('-wip');

/** Resolves with the pids of the first run's agent and its child, once what they made is banked. */
async function startOn(pool: string): Promise<readonly number[]> {
  const file = join(fleet.folder, pool);
  await startTask(fleet.client, {
    id: pool,
    pool,
    prompt: 'Do a part, then the rest.',
    agent: { use: 'command', argv: agent('commits-a-part-then-waits', file) },
    workspace: { repo: fleet.origin },
    outputs: [{ kind: 'commit' }, { kind: 'push' }],
  });
  await vi.waitFor(() => expect(existsSync(file) && readFileSync(file, 'utf8')).toMatch(/^\d+ \d+$/), { timeout: 15_000 });
  await vi.waitFor(() => expect(wipAtOrigin(pool)).toBe(true), { timeout: 15_000, interval: 100 });
  return readFileSync(file, 'utf8').split(' ').map(Number);
}

describe.concurrent('a host that does not come back', () => {
  it.each([
    ['SIGTERM', 'moving'],
    ['SIGKILL', 'stranded'],
  ] as const)(
    'after %s: its agent ends with the lease, and then, nobody asked, another host continues from the bank',
    async (signal, pool) => {
      const first = await fleet.startHost(`first-${pool}`, pool);
      const pids = await startOn(pool);
      const second = await fleet.startHost(`second-${pool}`, pool);
      try {
        await first.end(signal);
        expect(alive(pids)).toEqual(pids);
        await vi.waitFor(() => expect(alive(pids)).toEqual([]), { timeout: 20_000, interval: 50 });
        // Nothing else was started meanwhile: only the lease tells that the run is over.
        expect((await fleet.status(pool)).runs).toHaveLength(1);
        expect(await fleet.handle(pool).result()).toMatchObject({ state: 'done', runs: 2, reasons: { 'host.heartbeat_lost': 1 } });
        expect((await fleet.status(pool)).runs).toMatchObject([
          { host: `first-${pool}`, outcome: 'lost', decision: { kind: 'retry' } },
          { host: `second-${pool}`, outcome: 'finished' },
        ]);
        expect(fleet.commits(pool)).toHaveLength(2);
        const scheduled = (await fleet.events(pool)).flatMap((event) => event.activityTaskScheduledEventAttributes ?? []);
        expect(scheduled.map(({ activityType, taskQueue }) => [activityType?.name, taskQueue?.name])).toEqual([
          ['runAgent', poolQueue(pool)],
          ['reattachRun', hostQueue(`first-${pool}`)],
          ['settle', CONTROL_QUEUE],
          ['runAgent', poolQueue(pool)],
          ['finish', CONTROL_QUEUE],
        ]);
      } finally {
        await second.end('SIGKILL');
      }
    },
    120_000,
  );
});
