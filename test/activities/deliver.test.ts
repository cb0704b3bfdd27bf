import { ApplicationFailure } from '@temporalio/activity';
import { ActivityCompletionError, ActivityNotFoundError, type Client } from '@temporalio/client';
import { MockActivityEnvironment } from '@temporalio/testing';
import { describe, expect, it } from 'vitest';
import { deliver, type End } from '../../src/activities/deliver.ts';
import type { RunReport } from '../../src/domain/run.ts';

const TOKEN = Buffer.from('task-token');
const REPORT: RunReport = {
  host: 'h1',
  entered: true,
  startedAt: '2026-03-01T10:00:00.000Z',
  endedAt: '2026-03-01T10:01:00.000Z',
  seen: { at: '2026-03-01T10:01:00.000Z', outputs: [], checks: [], goodEnd: true },
};
const FINISHED: End = { kind: 'finished', report: REPORT };
const FAILED: End = {
  kind: 'failed',
  failure: ApplicationFailure.create({ type: 'host.killed', message: 'run 1 on h1', nonRetryable: true }),
};
const away = (): Error => new ActivityCompletionError('14 UNAVAILABLE: no connection established');

type Told = readonly ['complete' | 'fail', Uint8Array, unknown];

/** A server that answers one call after the other so, and then takes everything. `onCall` is called at the beginning of each. */
async function tell(
  end: End,
  answers: readonly (Error | undefined)[],
  { signal, onCall }: { signal?: AbortSignal; onCall?: () => void } = {},
) {
  const told: Told[] = [];
  const deadlines: number[] = [];
  const call = (what: Told[0]) => async (token: Uint8Array, value: unknown) => {
    const answer = answers[told.length];
    told.push([what, token, value]);
    onCall?.();
    if (answer) throw answer;
  };
  const client = {
    activity: { complete: call('complete'), fail: call('fail') },
    withDeadline: (deadline: number, made: () => Promise<void>) => {
      deadlines.push(deadline - Date.now());
      return made();
    },
  };
  const activity = new MockActivityEnvironment({ taskToken: TOKEN });
  const answer = await activity.run(() =>
    // Caught here, because the SDK logs what an activity throws.
    deliver(client as unknown as Client, end, signal ?? new AbortController().signal).catch((error: unknown) => error),
  );
  return { answer, told, deadlines };
}

describe('the end of a run', () => {
  it.each<[string, End, Told]>([
    ['a good one', FINISHED, ['complete', TOKEN, REPORT]],
    ['a bad one', FAILED, ['fail', TOKEN, FAILED.kind === 'failed' && FAILED.failure]],
  ])('is told once where the server takes it: %s', async (_, end, call) => {
    const { answer, told, deadlines } = await tell(end, []);
    expect({ answer, told }).toEqual({ answer: 'accepted', told: [call] });
    // A server that hangs must not be waited for without end.
    expect(deadlines[0]).toBeLessThanOrEqual(5000);
  });

  it('is told again until the server answers', async () => {
    const { answer, told } = await tell(FAILED, [away(), away()]);
    expect({ answer, calls: told.map(([what]) => what) }).toEqual({ answer: 'accepted', calls: ['fail', 'fail', 'fail'] });
  });

  it('is refused by a server that does not know the activity any more, and not told again', async () => {
    const { answer, told } = await tell(FINISHED, [away(), new ActivityNotFoundError('not found')]);
    expect({ answer, calls: told.length }).toEqual({ answer: 'refused', calls: 2 });
  });

  it('is left where the run is taken away while the server is away', async () => {
    const taken = new AbortController();
    const { answer, told } = await tell(FINISHED, [away(), away(), away()], { signal: taken.signal, onCall: () => taken.abort() });
    expect({ answer, calls: told.length }).toEqual({ answer: 'left', calls: 1 });
  });

  it('is not told at all where the run was taken away before', async () => {
    expect(await tell(FINISHED, [], { signal: AbortSignal.abort() })).toEqual({ answer: 'left', told: [], deadlines: [] });
  });

  it('is accepted where the server answers as the run is taken away', async () => {
    const taken = new AbortController();
    const { answer } = await tell(FINISHED, [], { signal: taken.signal, onCall: () => taken.abort() });
    expect(answer).toBe('accepted');
  });

  it('is not tried for ever where the fault is our own', async () => {
    const fault = new TypeError('no JSON');
    const { answer, told } = await tell(FINISHED, [fault]);
    expect({ answer, calls: told.length }).toEqual({ answer: fault, calls: 1 });
  });
});
