// What became of the tasks of a soak: lost, doubled, wasted. Read from the origin and from the agents' own record, not from
// what Outlive says of itself.

import { bankedBefore, publishedOf } from './origin-history.ts';
import type { Began } from './records.ts';
import type { TaskEnd } from './soak.ts';
import { expectedSteps } from './workload.ts';

/** Lines for people, each with its task. */
export interface Verdict {
  readonly lost: readonly string[];
  readonly doubled: readonly string[];
  /** Starts of agents beyond the first, and those among them that made again what was banked, or had nothing to do. */
  readonly furtherRuns: number;
  readonly redone: readonly string[];
  readonly nothingToDo: readonly string[];
}

export function verdictOf(origin: string, ends: readonly TaskEnd[], starts: ReadonlyMap<string, readonly Began[]>): Verdict {
  const of = (look: (end: TaskEnd, starts: readonly Began[]) => readonly string[]) =>
    ends.flatMap((end) => look(end, starts.get(end.work.id) ?? []).map((line) => `${end.work.id}: ${line}`));
  return {
    lost: of((end) => lostOf(origin, end)),
    doubled: of((end, began) => [...doubledOf(origin, end), ...atOnce(began)]),
    furtherRuns: ends.reduce((sum, { work }) => sum + Math.max(0, (starts.get(work.id)?.length ?? 0) - 1), 0),
    redone: of((_, began) => redoneOf(origin, began)),
    nothingToDo: of(({ work }, began) =>
      began.slice(1).flatMap(({ run, commits }) => (commits >= work.steps ? [`run ${run} began with all ${commits} steps there`] : [])),
    ),
  };
}

function lostOf(origin: string, { work, problem }: TaskEnd): string[] {
  const published = publishedOf(origin, work.id);
  if (!published) return [problem ?? 'it is done, and its branch is not at the origin'];
  const there = new Set(published.content.split('\n'));
  const missing = expectedSteps(work.steps)
    .split('\n')
    .filter((line) => !there.has(line));
  return [...(problem ? [problem] : []), ...missing.map((line) => `${line} is missing at the origin`)];
}

function doubledOf(origin: string, { work }: TaskEnd): string[] {
  const published = publishedOf(origin, work.id);
  if (!published) return [];
  const { content, commits, moves } = published;
  return [
    ...(content.length > expectedSteps(work.steps).length ? [`more than its ${work.steps} steps: ${JSON.stringify(content)}`] : []),
    ...(commits > work.steps ? [`${commits} commits for ${work.steps} steps`] : []),
    ...(moves > 1 ? [`its branch was pushed ${moves} times`] : []),
  ];
}

function atOnce(starts: readonly Began[]): string[] {
  const twice = starts.filter(({ run }, index) => starts.findIndex((other) => other.run === run) !== index);
  return [
    ...twice.map(({ run }) => `run ${run} was started twice`),
    ...starts.flatMap(({ run, others }) => others.map((other) => `run ${run} began while this was alive: ${other}`)),
  ];
}

function redoneOf(origin: string, starts: readonly Began[]): string[] {
  return starts.slice(1).flatMap(({ task, run, at, commits }) => {
    const banked = bankedBefore(origin, task, run, at);
    return banked > commits ? [`run ${run} began with ${commits} steps, and ${banked} were banked`] : [];
  });
}
