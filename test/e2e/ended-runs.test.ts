// Runs that are ended from outside: by a stop, by Temporal's cancel, by the end of their worker. The whole tree goes, what was written stays.

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { WorkflowHandle } from '@temporalio/client';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { STOP_UPDATE } from '../../src/domain/names.ts';
import type { TaskSpec } from '../../src/domain/task.ts';
import { processIdentity } from '../../src/host/process-tree.ts';
import { sendUpdate } from '../../src/send-update.ts';
import { startTask } from '../../src/start-task.ts';
import type { Host } from './host-process.ts';
import { agent, type SmallFleet, startSmallFleet } from './small-fleet.ts';

let fleet: SmallFleet;
beforeAll(async () => {
  fleet = await startSmallFleet('ended-runs', { lease: '1m' });
});
afterAll(() => fleet?.stop());

const spec = (id: string): TaskSpec => ({
  id,
  prompt: 'Do a part, then the rest.',
  agent: { use: 'command', argv: agent('commits-a-part-then-waits', join(fleet.folder, id)) },
  workspace: { repo: fleet.origin },
  outputs: [{ kind: 'commit' }, { kind: 'push' }],
});

async function startAndWait(id: string): Promise<{ readonly pids: readonly number[]; readonly handle: WorkflowHandle }> {
  await startTask(fleet.client, spec(id));
  const file = join(fleet.folder, id);
  await vi.waitFor(() => expect(existsSync(file) && readFileSync(file, 'utf8')).toMatch(/^\d+ \d+$/), { timeout: 15_000 });
  return { pids: readFileSync(file, 'utf8').split(' ').map(Number), handle: fleet.handle(id) };
}
const alive = (pids: readonly number[]) => pids.filter((pid) => processIdentity(pid));
const banked = (id: string) => fleet.git('for-each-ref', '--format=%(refname)', `refs/outlive/${id}/`).split('\n');
const inWip = (id: string) => fleet.git('show', `${banked(id).find((ref) => ref.endsWith('-wip'))}:second`);

describe('a task that is ended in mid-run', () => {
  it('by `stop`: its tree is gone, its work is banked, and its result says who stopped it and why', async () => {
    const { pids, handle } = await startAndWait('stopped');
    await sendUpdate(handle, STOP_UPDATE, { why: 'no longer wanted', by: 'ann' });
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
    await sendUpdate(handle, STOP_UPDATE, { why: 'end of test' });
    await handle.result().catch(() => {});
  });
});

describe('a task that is ended while no run is going', () => {
  const memoOf = async (id: string) => (await fleet.handle(id).describe()).memo?.['result'];

  it('by `stop`, with an open question: the question is gone, and nothing more is started', async () => {
    await fleet.start('stopped-asking', 'exit 3');
    await fleet.question('stopped-asking');
    await sendUpdate(fleet.handle('stopped-asking'), STOP_UPDATE, { why: 'nobody knows', by: 'ann' });
    expect(await fleet.handle('stopped-asking').result()).toMatchObject({
      state: 'cancelled',
      because: 'stopped by ann: nobody knows',
      runs: 1,
      reasons: { 'unknown.unclassified': 1 },
    });
    expect(await fleet.status('stopped-asking')).not.toHaveProperty('question');
  });

  it("by Temporal's cancel, in a hold: it does not wait for the end of the hold", async () => {
    await fleet.start(
      'cancelled-held',
      `echo '{"outcome":"failed","reason":"rate_limited","retryAfterMs":600000}' > $OUTLIVE_RESULT_FILE; exit 1`,
    );
    await vi.waitFor(async () => expect((await fleet.status('cancelled-held')).hold?.for).toBe('time'), { timeout: 15_000, interval: 50 });
    await fleet.handle('cancelled-held').cancel();
    await expect(fleet.handle('cancelled-held').result()).rejects.toThrow(/cancelled/i);
    expect(await memoOf('cancelled-held')).toMatchObject({ state: 'cancelled', runs: 1, reasons: { 'adapter.rate_limited': 1 } });
    expect(await fleet.status('cancelled-held')).not.toHaveProperty('hold');
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

  const reattached = (id: string) =>
    vi.waitFor(async () => expect((await fleet.status(id)).runs).toMatchObject([{ n: 1, host: 'other', reattached: 1 }]), {
      timeout: 15_000,
      interval: 50,
    });

  it.each([
    ['by SIGTERM, within 10 s', 'drained', 'SIGTERM'],
    ['by SIGKILL', 'orphaned', 'SIGKILL'],
  ] as const)(
    '%s: its run goes on, the next worker takes it up again, and sees how it ends',
    async (_, id, signal) => {
      const pids = await startElsewhere(id);
      const since = performance.now();
      await host.end(signal);
      expect(performance.now() - since).toBeLessThan(10_000);
      expect(alive(pids)).toEqual(pids);
      host = await fleet.startHost('other', 'elsewhere');
      await reattached(id);
      expect(alive(pids)).toEqual(pids);
      process.kill(pids[0] ?? 0, 'SIGKILL');
      await fleet.handle(id).result();
      expect(alive(pids)).toEqual([]);
      expect(await fleet.status(id)).toMatchObject({
        state: 'done',
        runs: [
          { n: 1, reattached: 1, failure: { reason: 'killed', progress: true }, decision: { kind: 'retry' } },
          { n: 2, outcome: 'finished' },
        ],
      });
      expect(fleet.commits(id)).toHaveLength(2);
    },
    60_000,
  );

  it('by SIGKILL, when the work was whole: the end that comes later costs no second run, only the push', async () => {
    const file = join(fleet.folder, 'whole.pid');
    await startTask(fleet.client, {
      ...spec('whole'),
      agent: { use: 'command', argv: agent('commits-then-waits', '1', '1', file) },
      checks: [{ argv: ['grep', '-q', 'done', 'step-1'] }],
      pool: 'elsewhere',
    });
    const pid = await fleet.pidFrom('whole.pid');
    await host.end('SIGKILL');
    process.kill(pid, 'SIGKILL');
    host = await fleet.startHost('other', 'elsewhere');
    expect(await fleet.handle('whole').result()).toMatchObject({ state: 'done', runs: 1 });
    expect((await fleet.status('whole')).runs).toMatchObject([
      { n: 1, failure: { reason: 'crashed_after_output' }, decision: { kind: 'finish' } },
    ]);
    expect(fleet.commits('whole')).toHaveLength(1);
  }, 60_000);
});
