// The hosts as a table, and below it what needs more words: the runs that live there, who took out what, and why.

import { sayDuration } from '../domain/duration.ts';
import type { Wish } from '../domain/host.ts';
import type { HostCondition, HostList, HostRow, QueuePaused } from './host-list.ts';
import type { Ink, Paint } from './ink.ts';
import { type Cell, columns, plain, type Row } from './layout.ts';
import type { Look } from './render.ts';

export function renderHosts({ hosts, paused }: HostList, look: Look): string {
  const parts = [
    hosts.length === 0 ? 'No host is known. Start one: outlive worker' : table(hosts, look),
    titled(
      'runs',
      hosts.flatMap(({ id, running }) => running.map(({ task, run, phase }) => [id, task, `run ${run}`, plain(phase)])),
      look,
    ),
    titled(
      'drained',
      hosts.flatMap(({ id, drained }) => (drained ? [[id, ...sayWish(drained, look)]] : [])),
      look,
    ),
    titled(
      'paused',
      paused.map((one) => [sayQueue(one), ...sayWish(one, look)]),
      look,
    ),
  ];
  return parts.filter((part) => part !== undefined).join('\n\n');
}

function table(hosts: readonly HostRow[], { ink, now }: Look): string {
  const head = ['id', 'state', 'runs', 'pools', 'version', 'up for', 'seen'].map((text): Cell => ({ text, paint: ink.dim }));
  const body = hosts.map(({ id, state, running, capacity, pools, paused = [], version, since, lastSeen }): Row => {
    const isPaused = (pool: string) => paused.some((one) => one.pool === pool);
    return [
      id,
      { text: state, paint: conditionInk(state, ink) },
      `${running.length}/${capacity ?? '?'}`,
      pools.map((pool) => (isPaused(pool) ? `${pool} (paused)` : pool)).join(', ') || '-',
      version === undefined ? '-' : plain(version),
      // A worker that is gone was up for nobody knows how long.
      since === undefined || state === 'silent' ? '-' : age(since, now),
      lastSeen === undefined ? 'not of late' : `${age(lastSeen, now)} ago`,
    ];
  });
  return columns([head, ...body]);
}

function titled(title: string, rows: readonly Row[], { ink }: Look): string | undefined {
  return rows.length === 0 ? undefined : `${ink.dim(title)}\n${columns(rows, '  ')}`;
}

const sayWish = ({ by, why, since }: Wish & { readonly since: string }, { now }: Look): readonly string[] => [
  `by ${plain(by)}, ${age(since, now)} ago:`,
  plain(why),
];

export const sayQueue = ({ queue, pool }: Pick<QueuePaused, 'queue' | 'pool'>): string =>
  pool === undefined ? `queue ${queue}` : `pool ${pool}`;

const age = (since: string, now: number): string => sayDuration(Math.max(0, now - Date.parse(since)));

function conditionInk(state: HostCondition, ink: Ink): Paint {
  if (state === 'up') return ink.green;
  return state === 'silent' ? ink.red : ink.yellow;
}
