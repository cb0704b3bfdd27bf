// Where a task's work is kept, for whoever continues it.

import type { Banked, Seen } from './output.ts';
import type { StartPoint } from './run.ts';

/** What the task begins with: until a run of its own is banked, that is all that whoever continues it could go on from. */
export function keptAtStart(start: StartPoint): Banked | undefined {
  if (start.kind === 'base') return undefined;
  const { kind: _, ...left } = start;
  return { ...left, state: 'banked' };
}

/** What a look found kept. As for a next run: a tree that was cut off in the middle of a merge is not gone on from as it lay. */
export function keptBy({ bank, repository }: Pick<Seen, 'bank' | 'repository'>): Banked | undefined {
  if (bank?.state !== 'banked') return undefined;
  const { wip, ...commits } = bank;
  return wip && !repository?.busy ? bank : commits;
}
