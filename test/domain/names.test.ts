import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  againId,
  finishActivityId,
  reattachActivityId,
  runActivityId,
  runOfActivityId,
  settleActivityId,
  timesOf,
} from '../../src/domain/names.ts';

describe('the name of a task that is done once more', () => {
  it.each([
    ['fix', { name: 'fix', times: 1 }],
    ['fix-r2', { name: 'fix', times: 2 }],
    ['fix-r12', { name: 'fix', times: 12 }],
    ['fix-r2-r3', { name: 'fix-r2', times: 3 }],
    ['fix-r0', { name: 'fix-r0', times: 1 }],
    ['fix-r02', { name: 'fix-r02', times: 1 }],
    ['fix-r', { name: 'fix-r', times: 1 }],
    ['r2', { name: 'r2', times: 1 }],
  ])('%s is counted as %j', (id, counted) => {
    expect(timesOf(id)).toEqual(counted);
  });

  it('is counted as it was made', () => {
    expect(timesOf(againId('fix', 2))).toEqual({ name: 'fix', times: 2 });
  });
});

const number = fc.integer({ min: 1, max: 10_000 });

describe('the run of an activity', () => {
  it('stands in its id, whether it started the run or took it up again', () => {
    fc.assert(
      fc.property(number, number, (n, k) => {
        expect(runOfActivityId(runActivityId(n))).toBe(n);
        expect(runOfActivityId(reattachActivityId(n, k))).toBe(n);
      }),
    );
  });

  it('is none of an activity that does something else', () => {
    fc.assert(
      fc.property(number, number, (n, k) => {
        expect(runOfActivityId(settleActivityId(n, k))).toBeUndefined();
        expect(runOfActivityId(finishActivityId(n, 'push'))).toBeUndefined();
      }),
    );
  });

  it.each(['', 'begin', 'run-', 'run-x', 'run-1x', 'x-run-1', 'reattach-', 'reattach-1.', 'reattach-1.2.3', 'run--1', 'run-1\n'])(
    'is none of %j',
    (id) => {
      expect(runOfActivityId(id)).toBeUndefined();
    },
  );

  it.each([
    [reattachActivityId(3, 1), 'reattach-3'],
    [reattachActivityId(3, 2), 'reattach-3.2'],
  ])('is taken up by %s, as it stands in every history', (id, name) => {
    expect(id).toBe(name);
  });
});
