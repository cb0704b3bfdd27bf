// Runs that are ended from outside: by a stop, by Temporal's cancel, by the end of their worker. The whole tree goes, what was written stays.

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { STOP_UPDATE, taskWorkflowId } from '../../src/domain/names.ts';
import type { TaskSpec } from '../../src/domain/task.ts';
import { processIdentity } from '../../src/host/process-tree.ts';
import { startTask } from '../../src/start-task.ts';
import { agent, type Host, type SmallFleet, startSmallFleet } from './small-fleet.ts';

let fleet: SmallFleet;
beforeAll(async () => {
  fleet = await startSmallFleet('ended-runs');
});
afterAll(() => fleet?.stop());

const spec = (id: string): TaskSpec => ({
  id,
  prompt: 'Do a part, then the rest.',
  agent: { use: 'command', argv: agent('commits-a-part-then-waits', join(fleet.folder, id)) },
  workspace: { repo: fleet.origin },
  outputs: [{ kind: 'commit' }, { kind: 'push' }],
});

async function startAndWait(id: string): Promise<{ readonly pids: readonly number[]; readonly handle: ReturnType<typeof handleOf> }> {
  await startTask(fleet.client, spec(id));
  const file = join(fleet.folder, id);
  await vi.waitFor(() => expect(existsSync(file) && readFileSync(file, 'utf8')).toMatch(/^\d+ \d+$/), { timeout: 15_000 });
  return { pids: readFileSync(file, 'utf8').split(' ').map(Number), handle: handleOf(id) };
}
const handleOf = (id: string) => fleet.client.workflow.getHandle(taskWorkflowId(id));
const alive = (pids: readonly number[]) => pids.filter((pid) => processIdentity(pid));
const banked = (id: string) => fleet.git('for-each-ref', '--format=%(refname)', `refs/outlive/${id}/`).split('\n');
const inWip = (id: string) => fleet.git('show', `${banked(id).find((ref) => ref.endsWith('-wip'))}:second`);

describe('a task that is ended in mid-run', () => {
  it('by `stop`: its tree is gone, its work is banked, and its result says who stopped it and why', async () => {
    const { pids, handle } = await startAndWait('stopped');
    await handle.executeUpdate(STOP_UPDATE, { args: [{ why: 'no longer wanted', by: 'ann' }] });
    expect(await handle.result()).toMatchObject({ state: 'cancelled', because: 'stopped by ann: no longer wanted', runs: 1 });
    expect(alive(pids)).toEqual([]);
    expect(banked('stopped')).toHaveLength(2);
    expect(inWip('stopped')).toBe('not committed yet');
    expect(fleet.git('for-each-ref', 'refs/heads/outlive/stopped')).toBe('');
  });

  it("by Temporal's cancel: just so", async () => {
    const { pids, handle } = await startAndWait('cancelled');
    await handle.cancel();
    await expect(handle.result()).rejects.toThrow(/cancelled/i);
    expect(alive(pids)).toEqual([]);
    expect(inWip('cancelled')).toBe('not committed yet');
    const { memo, status } = await handle.describe();
    expect(status.name).toBe('CANCELLED');
    expect(memo?.['result']).toMatchObject({ state: 'cancelled', because: 'cancelled', runs: 1 });
  });

  it('refuses a stop without a reason, and goes on', async () => {
    const { handle } = await startAndWait('refused-stop');
    await expect(handle.executeUpdate(STOP_UPDATE, { args: [{}] })).rejects.toMatchObject({
      cause: { message: expect.stringContaining('"why"') },
    });
    expect((await fleet.status('refused-stop')).state).toBe('running');
    await handle.executeUpdate(STOP_UPDATE, { args: [{ why: 'end of test' }] });
    await handle.result().catch(() => {});
  });
});

describe('a worker that ends in mid-run', () => {
  let host: Host;
  beforeEach(async () => {
    host = await fleet.startHost('other', 'elsewhere');
  });
  afterEach(() => host.end('SIGKILL'));

  async function startElsewhere(id: string): Promise<readonly number[]> {
    await startTask(fleet.client, { ...spec(id), pool: 'elsewhere' });
    const file = join(fleet.folder, id);
    await vi.waitFor(() => expect(existsSync(file) && readFileSync(file, 'utf8')).toMatch(/^\d+ \d+$/), { timeout: 15_000 });
    return readFileSync(file, 'utf8').split(' ').map(Number);
  }

  it('by SIGTERM: the run is evicted and banked within 10 s, and the next worker continues from there', async () => {
    const pids = await startElsewhere('drained');
    const since = performance.now();
    await host.end('SIGTERM');
    expect(performance.now() - since).toBeLessThan(10_000);
    expect(alive(pids)).toEqual([]);
    host = await fleet.startHost('other', 'elsewhere');
    await handleOf('drained').result();
    expect(await fleet.status('drained')).toMatchObject({
      state: 'done',
      runs: [
        { n: 1, failure: { reason: 'evicted', progress: true }, decision: { kind: 'retry' } },
        { n: 2, outcome: 'finished' },
      ],
    });
    expect(fleet.commits('drained')).toHaveLength(2);
  });

  it('by SIGKILL: its host ends what was left when it is back, and the second run continues; nothing runs twice at once', async () => {
    const pids = await startElsewhere('orphaned');
    await host.end('SIGKILL');
    expect(alive(pids)).toEqual(pids);
    host = await fleet.startHost('other', 'elsewhere');
    expect(alive(pids)).toEqual([]);
    await handleOf('orphaned').result();
    expect(await fleet.status('orphaned')).toMatchObject({
      state: 'done',
      runs: [
        { n: 1, outcome: 'lost', failure: { reason: 'heartbeat_lost' }, decision: { kind: 'retry' } },
        { n: 2, outcome: 'finished' },
      ],
    });
    expect(fleet.commits('orphaned')).toHaveLength(2);
  }, 60_000);
});
