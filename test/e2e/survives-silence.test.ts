// Hosts that fall silent for a while, as a laptop does that sleeps: for longer than a heartbeat, than the lease, than anybody
// waits. Slow by nature: a host gets its lease and half a minute before anybody looks past it.

import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { processIdentity } from '../../src/host/process-tree.ts';
import { type SmallFleet, startSmallFleet } from './small-fleet.ts';
import { PATIENCE, type WatchedTask, watchTask } from './watched-task.ts';

const TIMEOUT_MS = 240_000;
const PATIENT = { timeout: 90_000, interval: 100 };

let patient: SmallFleet;
let brief: SmallFleet;
beforeAll(async () => {
  [patient, brief] = await Promise.all([startSmallFleet('silence', { lease: '1m' }), startSmallFleet('silence-brief', { lease: '6s' })]);
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

  it(
    'for longer than the lease has ended its agent by itself, says so when it is back, and the next run goes on',
    async () => {
      const task = await watchTask(brief, 'long-sleep');
      await task.start();
      await task.works();
      const thaw = await freeze(task);
      await task.reaches(['ended']);
      expect((await task.journal()).exit).toMatchObject({ endedBy: 'lease' });
      expect(await task.alive()).toEqual([]);
      thaw();
      task.goOn();
      expect(await task.result()).toMatchObject({ state: 'done', runs: 2, reasons: { 'host.heartbeat_lost': 1 } });
      const [first] = (await brief.status(task.id)).runs;
      expect(first).toMatchObject({ outcome: 'failed', failure: { rule: 'ended_by_lease', progress: true } });
      expect(starts(task)).toEqual([1, 2]);
      expect(brief.commits(task.id)).toHaveLength(2);
      expect(brief.git('show', `outlive/${task.id}:part`)).toBe('done by run 1');
      expect(await task.alive()).toEqual([]);
    },
    TIMEOUT_MS,
  );

  it(
    'for longer than anybody waits: another host goes on, and the late result is kept and disturbs nobody',
    async () => {
      const task = await watchTask(brief, 'parted');
      await task.start();
      const first = await task.works();
      await vi.waitFor(() => expect(brief.git('for-each-ref', `refs/outlive/${task.id}/`)).toMatch(/-wip$/m), PATIENCE);
      const other = await brief.startHost(`${task.id}-other`, task.id);
      const thaw = await freeze(task, 'supervisor');
      const second = await vi.waitFor(() => {
        const works = task.said('works').find(({ run }) => run > 1);
        return works ?? Promise.reject(new Error('no other run is at work yet'));
      }, PATIENT);
      thaw();
      await vi.waitFor(
        async () => expect((await brief.status(task.id)).runs[0]).toMatchObject({ late: { ended: 'host.heartbeat_lost' } }),
        PATIENCE,
      );
      expect([first, second].map(({ pid }) => processIdentity(pid) !== undefined)).toEqual([false, true]);
      task.goOn();
      expect(await task.result()).toMatchObject({ state: 'done' });
      const { runs } = await brief.status(task.id);
      expect(runs[0]).toMatchObject({ outcome: 'lost', host: task.id });
      expect(runs.at(-1)).toMatchObject({ outcome: 'finished', host: `${task.id}-other` });
      // An offer that the frozen host was handed began nowhere.
      expect(starts(task)).toEqual([1, second.run]);
      expect(brief.commits(task.id)).toHaveLength(2);
      await other.end('SIGTERM');
    },
    TIMEOUT_MS,
  );

  it(
    'until a person is asked: the late result takes the question back, and whole work needs no second run',
    async () => {
      const task = await watchTask(brief, 'asked');
      await task.start({ limits: { runs: 1 }, checks: [{ argv: ['test', '-e', 'rest'] }] });
      const { pid } = await task.works();
      const thaw = await freeze(task, 'supervisor');
      await vi.waitFor(async () => expect((await brief.status(task.id)).question).toBeDefined(), PATIENT);
      task.goOn();
      await vi.waitFor(() => expect(processIdentity(pid)).toBeUndefined(), PATIENCE);
      thaw();
      expect(await task.result()).toMatchObject({ state: 'done', runs: 1, reasons: { 'host.heartbeat_lost': 1 } });
      const { runs, question } = await brief.status(task.id);
      expect(question).toBeUndefined();
      expect(runs).toMatchObject([{ outcome: 'lost', late: { ended: 'finished' }, decision: { kind: 'finish' } }]);
      expect((await task.journal()).exit).toMatchObject({ exitCode: 0, endedBy: 'itself' });
      expect(starts(task)).toEqual([1]);
      expect(brief.commits(task.id)).toHaveLength(2);
    },
    TIMEOUT_MS,
  );
});
