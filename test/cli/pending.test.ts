import { describe, expect, it } from 'vitest';
import { isQueued, runUnderWay, withPending } from '../../src/cli/pending.ts';
import { KILLED, RUNNING } from './a-task.ts';

const OFFERED = { activityId: 'run-1', state: 1 };
const TAKEN = { activityId: 'run-1', state: 2, lastWorkerIdentity: 'host-a/4711/0.1.0' };

describe('what the server adds to the word of a task', () => {
  it('calls a run queued that no host has taken', () => {
    expect(withPending(RUNNING, [OFFERED])).toEqual({ ...RUNNING, state: 'queued' });
    expect(isQueued([OFFERED])).toBe(true);
  });

  it('calls a run queued that every host has declined, until it is offered again', () => {
    expect(withPending(RUNNING, [])).toEqual({ ...RUNNING, state: 'queued' });
    expect(withPending({ ...RUNNING, runs: [KILLED] }, []).state).toBe('running');
    expect(withPending({ ...RUNNING, runs: [] }, []).state).toBe('running');
  });

  it('names the host of the run under way', () => {
    const [run] = RUNNING.runs;
    expect(withPending(RUNNING, [TAKEN])).toEqual({ ...RUNNING, runs: [{ ...run, host: 'host-a' }] });
  });

  it('names the host that is to take a run up again, before it does', () => {
    const [run] = RUNNING.runs;
    const onItsQueue = { activityOptions: { taskQueue: { name: 'host.host-a' } } };
    const again = { activityId: 'reattach-1', state: 1, ...onItsQueue };
    expect(withPending(RUNNING, [again])).toEqual({ ...RUNNING, runs: [{ ...run, host: 'host-a' }] });
    expect(withPending(RUNNING, [{ ...again, activityId: 'reattach-1.2', state: 2 }]).runs).toEqual([{ ...run, host: 'host-a' }]);
    expect(withPending(RUNNING, [{ ...TAKEN, activityId: 'reattach-1' }]).runs).toEqual([{ ...run, host: 'host-a' }]);
    expect(isQueued([again])).toBe(false);
  });

  it('does not take a settle that waits for its host for a queued run', () => {
    expect(withPending(RUNNING, [{ activityId: 'settle-1', state: 1 }])).toEqual(RUNNING);
  });

  it('leaves every other state as it is', () => {
    expect(withPending({ ...RUNNING, state: 'held' }, [OFFERED]).state).toBe('held');
  });

  it('knows the number of the run under way', () => {
    expect(runUnderWay([{ activityId: 'settle-1' }, { activityId: 'run-12' }])).toBe(12);
    expect(runUnderWay([{ activityId: 'reattach-3.1' }])).toBe(3);
    expect(runUnderWay([])).toBeUndefined();
  });
});
