import { describe, expect, it } from 'vitest';
import { keptAtStart, keptBy } from '../../src/domain/kept.ts';

const LEFT = { ref: 'refs/outlive/fix/run-1-0198c0de', head: 'aa', wip: 'bb', at: 'origin', host: 'host-a' } as const;
const REPOSITORY = { head: 'aa', base: '00', commits: 1, dirty: 1 };

describe('where the work of a task is kept', () => {
  it('is where it begins, if that is no base', () => {
    expect(keptAtStart({ kind: 'base' })).toBeUndefined();
    expect(keptAtStart({ kind: 'bank', ...LEFT })).toEqual({ state: 'banked', ...LEFT });
  });

  it('is what a look found banked, and nothing else', () => {
    const bank = { state: 'banked', ...LEFT } as const;
    expect(keptBy({ bank, repository: REPOSITORY })).toEqual(bank);
    expect(keptBy({ bank })).toEqual(bank);
    expect(keptBy({ bank: { state: 'nothing' } })).toBeUndefined();
    expect(keptBy({ bank: { state: 'failed', evidence: 'no answer' } })).toBeUndefined();
    expect(keptBy({})).toBeUndefined();
  });

  it('is without the uncommitted work where that was cut off in the middle of a merge', () => {
    const { wip: _, ...commits } = LEFT;
    expect(keptBy({ bank: { state: 'banked', ...LEFT }, repository: { ...REPOSITORY, busy: 'merge' } })).toEqual({
      state: 'banked',
      ...commits,
    });
  });
});
