import { describe, expect, it } from 'vitest';
import { livingRun, type Trace } from '../../src/cli/living-runs.ts';

const IDENTITY = 'build-1/4711/0.1.0';
const trace = (more: Partial<Trace>): Trace => ({
  activityId: 'run-2',
  isTaken: true,
  identity: IDENTITY,
  queue: 'runs.default',
  beat: undefined,
  ...more,
});
const beat = (host: string) => ({ host, bootId: 'b', n: 2, phase: 'running', pid: 7 });
const run = (host: string, phase: string) => ({ host, task: 'fix-login', run: 2, phase });

describe('where a run lives', () => {
  it.each<[string, Partial<Trace>, object | undefined]>([
    ['is where its newest heartbeat comes from', { beat: beat('build-2') }, run('build-2', 'running')],
    ['is with its taker before the first heartbeat', {}, run('build-1', 'starting')],
    ['is nowhere before somebody takes it', { isTaken: false, identity: '' }, undefined],
    [
      'is where it lived, while it waits to be taken up again',
      { activityId: 'reattach-2.3', isTaken: false, identity: '', queue: 'host.build-3' },
      run('build-3', 'reattaching'),
    ],
    [
      'is where it is taken up again',
      { activityId: 'reattach-2', queue: 'host.build-1', beat: beat('build-1') },
      run('build-1', 'running'),
    ],
    [
      'is where its last heartbeat came from, after somebody has paused and freed its activity',
      { isTaken: false, beat: beat('build-2') },
      run('build-2', 'running'),
    ],
    ['is with its taker where the heartbeat cannot be read', { beat: 'alive' }, run('build-1', 'starting')],
    ['is unknown where a worker of another kind has taken it', { identity: '123@laptop' }, undefined],
    ['is no question for an activity that is no run', { activityId: 'settle-2', beat: beat('build-1') }, undefined],
    ['is unknown on a queue that is no host’s', { activityId: 'reattach-2', isTaken: false, identity: '', queue: '' }, undefined],
  ])('%s', (_, more, expected) => {
    expect(livingRun('fix-login', trace(more))).toEqual(expected);
  });
});
