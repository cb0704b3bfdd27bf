import { MockActivityEnvironment } from '@temporalio/testing';
import { expect, it, onTestFinished, vi } from 'vitest';
import { answerForRun, recallToEnd } from '../../src/activities/attend.ts';
import type { HostDeps } from '../../src/activities/deps.ts';
import type { RunInput } from '../../src/domain/run.ts';
import { writeJournal } from '../../src/host/journal.ts';
import { leaseClock, readLease } from '../../src/host/lease.ts';
import type { RunDir } from '../../src/host/state-dir.ts';
import { taskOf } from '../domain/facts.ts';
import { runIn, tempFolder, until } from '../host/scratch.ts';
import { fillUp, smallDisk } from '../host/small-disk.ts';
import { agentArgv, journalOf, poolIn, saysReady, startRun } from '../host/supervised.ts';
import { hostIn } from './a-host.ts';

const { workspace: _, ...task } = taskOf({ id: 'fix-it', checks: [], outputs: [{ kind: 'file', by: 'agent', path: 'report.md' }] });
const INPUT: RunInput = { task, n: 1, start: { kind: 'base' }, avoid: [], notes: [], heartbeatMs: 60_000, leaseMs: 60_000 };

const killAgent = async (dir: RunDir) => process.kill((await journalOf(dir)).entered?.agent.pid ?? 0, 'SIGKILL');

it('a run whose activity breaks keeps its seat, and is seen to', async () => {
  const { dir, over } = await startRun(agentArgv('forever'));
  onTestFinished(async () => {
    await killAgent(dir);
    await over;
  });
  await saysReady(dir);
  const { deps } = hostIn(dir.state);
  deps.seats.occupy(dir.root);
  const leave = vi.spyOn(deps, 'leave');
  const broken = () => Promise.reject(new Error('nobody thought of that'));
  const answered = new MockActivityEnvironment().run(() => answerForRun(deps, INPUT, dir, broken));
  await expect(answered).rejects.toThrow('nobody thought of that');
  expect(leave).toHaveBeenCalledWith(dir);
  expect(deps.seats.taken()).toEqual([dir.root]);
});

it('a living run is taken up again on a full disk, where nobody can write down whose it is', async (context) => {
  const disk = await smallDisk(context);
  const { dir } = await startRun(agentArgv('forever'), { pool: poolIn(await tempFolder()), dir: runIn(disk) });
  await saysReady(dir);
  // Whatever room is left at the end of the last block, this takes it.
  const owner = { kind: 'owned', activityId: '', taskToken: '' } as const;
  await fillUp(disk);
  for (let isFull = false; !isFull; ) {
    isFull = await writeJournal(dir, owner).then(
      () => false,
      () => true,
    );
  }
  const { deps, warnings } = hostIn(dir.state);
  const answered = new MockActivityEnvironment().run(() =>
    answerForRun(deps, INPUT, dir, async (attended) => {
      const ended = recallToEnd(attended);
      await until('it was said', () => warnings.length === 1);
      expect(warnings).toEqual(['who answers for a run could not be written down']);
      expect(deps.seats.taken()).toEqual([dir.root]);
      await killAgent(dir);
      expect(await ended).toMatchObject({ entered: true, exit: { signal: 'SIGKILL', endedBy: 'itself' } });
      throw new Error('seen');
    }),
  );
  await expect(answered).rejects.toThrow('seen');
});

it('a run that somebody still has is kept by the heartbeats of whoever waits for it', async () => {
  const { dir, over } = await startRun(agentArgv('forever'));
  await saysReady(dir);
  const { deps } = hostIn(dir.state);
  const before = deps.claims.take(dir.root);
  const client = { ...deps.client, activity: { heartbeat: async () => undefined } } as unknown as HostDeps['client'];
  const answered = new MockActivityEnvironment().run(() =>
    answerForRun({ ...deps, client }, INPUT, dir, async () => {
      expect(readings).toEqual(['has its lease']);
      throw new Error('its turn has come');
    }),
  );
  const refused = expect(answered).rejects.toThrow('its turn has come');
  const readings: string[] = [];
  await until('its lease is renewed', async () => ((await readLease(dir.lease)) ?? 0) > leaseClock());
  expect(before.wanted.aborted).toBe(true);
  readings.push('has its lease');
  before.release();
  await refused;
  await killAgent(dir);
  await over;
});
