// The figures of a soak, as a table for people and as one object for programs.

import type { Absence } from './kept-process.ts';
import type { Fault } from './plan.ts';
import type { Soaked } from './soak.ts';
import { type Spread, spreadOf } from './spread.ts';
import type { Delays } from './task-history.ts';
import type { Verdict } from './verdict.ts';

export interface Report extends Verdict {
  readonly seed: number;
  readonly seconds: number;
  readonly tasks: number;
  readonly leftOver: readonly string[];
  /** How often each fault met something. */
  readonly faults: Readonly<Partial<Record<Fault, number>>>;
  readonly runs: number;
  /** Failed runs by `<class>.<reason>`. */
  readonly reasons: Readonly<Record<string, number>>;
  readonly pages: Soaked['pages'];
  /** Workers that ended by themselves after they were ready. */
  readonly crashes: number;
  readonly reattaches: number;
  /** Milliseconds. */
  readonly reattachedAfter: { readonly death: Spread; readonly start: Spread };
  readonly calmMs: number;
}

export interface Measured {
  readonly seed: number;
  readonly seconds: number;
  readonly soaked: Soaked;
  readonly verdict: Verdict;
  readonly leftOver: readonly string[];
  readonly absences: readonly Absence[];
  readonly reattaches: number;
  readonly delays: Delays;
}

export function reportOf({ seed, seconds, soaked, verdict, leftOver, absences, reattaches, delays }: Measured): Report {
  const { ends, faults, pages, calmMs } = soaked;
  const met = faults.filter(({ what }) => what !== undefined).map(({ fault }) => fault);
  const reasons = ends.flatMap(({ result }) => Object.entries(result?.reasons ?? {}));
  return {
    seed,
    seconds,
    tasks: ends.length,
    ...verdict,
    leftOver,
    faults: counted(met.map((fault) => [fault, 1])),
    runs: ends.reduce((sum, { result }) => sum + (result?.runs ?? 0), 0),
    reasons: counted(reasons),
    pages,
    crashes: absences.filter(({ by, wasReady }) => by === 'itself' && wasReady).length,
    reattaches,
    reattachedAfter: { death: spreadOf(delays.fromDeath), start: spreadOf(delays.fromStart) },
    calmMs,
  };
}

export const isClean = ({ lost, doubled, leftOver }: Report): boolean => lost.length + doubled.length + leftOver.length === 0;

export function printReport(report: Report): void {
  const { death, start } = report.reattachedAfter;
  const row = (measured: number | string, figure = '') => ({ measured, figure });
  console.table({
    'tasks lost': row(report.lost.length, '0'),
    'outputs or steps made twice, agents at once': row(report.doubled.length, '0'),
    'left over: processes, folders, slow workers': row(report.leftOver.length, '0'),
    'runs that made again what was banked': row(report.redone.length),
    'runs that began with nothing left to do': row(report.nothingToDo.length),
    'questions to people': row(report.pages.length),
    'workers that ended by themselves': row(report.crashes),
    tasks: row(report.tasks),
    runs: row(report.runs),
    'agents started beyond the first of each task': row(report.furtherRuns),
    'runs taken up again': row(report.reattaches),
    'from the death of a worker to that: p50 · p95 · max': row(sayMs(death)),
    'from the start of the next one to that: p50 · p95 · max': row(sayMs(start)),
    'from the last fault to the last end': row(`${(report.calmMs / 1000).toFixed(1)} s`),
    ...titled('fault', report.faults),
    ...titled('reason', report.reasons),
  });
  for (const [title, lines] of [
    ['Lost', report.lost],
    ['Doubled', report.doubled],
    ['Left over', report.leftOver],
    ['Made again', report.redone],
    ['Nothing to do', report.nothingToDo],
    ['Asked', report.pages.map(({ task, question, text, answer }) => `${task} ${question} (answered ${answer}): ${text}`)],
  ] as const) {
    if (lines.length > 0) console.log(`\n${title}:\n${lines.map((line) => `  ${line}`).join('\n')}`);
  }
}

const titled = (title: string, counts: Readonly<Record<string, number>>) =>
  Object.fromEntries(Object.entries(counts).map(([name, count]) => [`${title}: ${name}`, { measured: count, figure: '' }]));

function counted(entries: readonly (readonly [string, number])[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const [name, count] of entries) counts[name] = (counts[name] ?? 0) + count;
  return Object.fromEntries(Object.entries(counts).sort(([, one], [, other]) => other - one));
}

const sayMs = ({ p50, p95, max }: Spread): string => [p50, p95, max].map((ms) => `${(ms / 1000).toFixed(2)} s`).join(' · ');
