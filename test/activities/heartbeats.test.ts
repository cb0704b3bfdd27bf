import { MockActivityEnvironment } from '@temporalio/testing';
import { expect, it } from 'vitest';
import { startHeartbeats } from '../../src/activities/heartbeats.ts';
import { until } from '../host/scratch.ts';

it('are over only when the last of those on their way is, whichever began first', async () => {
  const answers: (() => void)[] = [];
  const heartbeat = () => new Promise<void>((answered) => void answers.push(answered));
  const client = {
    activity: { heartbeat },
    withDeadline: (_: number, call: () => Promise<void>) => call(),
    withAbortSignal: (_: AbortSignal, call: () => Promise<void>) => call(),
  };
  await new MockActivityEnvironment().run(async () => {
    const beats = startHeartbeats({
      client: client as never,
      first: { host: 'h1', bootId: 'boot', stateId: 'state', n: 1, phase: 'preparing' },
      heartbeatMs: 60_000,
      leaseMs: 60_000,
      wanted: new AbortController().signal,
      onRenewed: () => undefined,
    });
    beats.enter('running', 1);
    await until('a second one is on its way beside the first', () => answers.length === 2);
    let isOver = false;
    const over = beats.stop().then(() => {
      isOver = true;
    });
    answers[1]?.();
    await new Promise(setImmediate);
    expect(isOver).toBe(false);
    answers[0]?.();
    await over;
  });
});

it.each([
  ['a third of their pause', 30_000, 10_000],
  ['a quarter of a minute at most', 600_000, 15_000],
  ['three seconds at least', 1000, 3000],
])('wait for an answer for %s, and break it off when they stop', async (_, heartbeatMs, patienceMs) => {
  let deadline = 0;
  let call: AbortSignal | undefined;
  const client = {
    activity: {
      heartbeat: () =>
        new Promise<void>((__, refuse) => call?.addEventListener('abort', () => refuse(new Error('broken off')), { once: true })),
    },
    withDeadline: (until: number, make: () => Promise<void>) => {
      deadline = until;
      return make();
    },
    withAbortSignal: (signal: AbortSignal, make: () => Promise<void>) => {
      call = signal;
      return make();
    },
  };
  await new MockActivityEnvironment().run(async () => {
    const before = Date.now();
    const beats = startHeartbeats({
      client: client as never,
      first: { host: 'h1', bootId: 'boot', stateId: 'state', n: 1, phase: 'preparing' },
      heartbeatMs,
      leaseMs: 600_000,
      wanted: new AbortController().signal,
      onRenewed: () => undefined,
    });
    expect(deadline).toBeGreaterThanOrEqual(before + patienceMs);
    expect(deadline).toBeLessThanOrEqual(Date.now() + patienceMs);
    await beats.stop();
    expect(call?.aborted).toBe(true);
  });
});
