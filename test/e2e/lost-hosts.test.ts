// Hosts that do not come back. Slow by nature: a host gets its lease and half a minute before anybody looks past it.

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { ANSWER, CONTROL_QUEUE, hostQueue } from '../../src/domain/names.ts';
import { processIdentity } from '../../src/host/process-tree.ts';
import { startTask } from '../../src/start-task.ts';
import { agent, type SmallFleet, startSmallFleet } from './small-fleet.ts';

let fleet: SmallFleet;
beforeAll(async () => {
  fleet = await startSmallFleet('lost-hosts');
});
afterAll(() => fleet?.stop());

const alive = (pids: readonly number[]) => pids.filter((pid) => processIdentity(pid));

/** Resolves with the pids of the first run's agent and its child. */
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
  return readFileSync(file, 'utf8').split(' ').map(Number);
}

describe.concurrent('a host that does not come back', () => {
  it('after SIGTERM: its run was evicted and banked, and another host continues it', async () => {
    const first = await fleet.startHost('first', 'moving');
    const pids = await startOn('moving');
    const second = await fleet.startHost('second', 'moving');
    try {
      await first.end('SIGTERM');
      expect(alive(pids)).toEqual([]);
      expect(await fleet.handle('moving').result()).toMatchObject({ state: 'done', runs: 2, reasons: { 'host.evicted': 1 } });
      expect((await fleet.status('moving')).runs).toMatchObject([{ host: 'first' }, { host: 'second' }]);
      expect(fleet.commits('moving')).toHaveLength(2);
    } finally {
      await second.end('SIGKILL');
    }
  }, 120_000);

  it('after SIGKILL: its agent may be at work, so no second run starts; after its lease a person is asked', async () => {
    const lost = await fleet.startHost('lost', 'stranded');
    const pids = await startOn('stranded');
    const other = await fleet.startHost('idle', 'stranded');
    try {
      await lost.end('SIGKILL');
      await vi.waitFor(async () => expect((await fleet.status('stranded')).hold?.because ?? '').toMatch(/lost.* does not answer/), {
        timeout: 60_000,
        interval: 50,
      });
      const { text, choices } = await vi.waitFor(
        async () => (await fleet.status('stranded')).question ?? Promise.reject(new Error('none')),
        {
          timeout: 60_000,
        },
      );
      expect(text).toMatch(/lost still does not answer/i);
      expect(choices).toContain('retry');
      expect(alive(pids)).toEqual(pids);
      const scheduled = (await fleet.events('stranded')).flatMap((event) => event.activityTaskScheduledEventAttributes ?? []);
      expect(scheduled.map((attributes) => [attributes.activityType?.name, attributes.taskQueue?.name])).toEqual([
        ['runAgent', 'runs.stranded'],
        ['settle', hostQueue('lost')],
        ['settle', CONTROL_QUEUE],
        ['settle', hostQueue('lost')],
        ['settle', CONTROL_QUEUE],
      ]);
      await fleet.handle('stranded').executeUpdate(ANSWER, { args: [{ choice: 'close' }] });
      await expect(fleet.handle('stranded').result()).rejects.toThrow();
    } finally {
      for (const pid of alive(pids)) process.kill(pid, 'SIGKILL');
      await other.end('SIGKILL');
    }
  }, 120_000);
});
