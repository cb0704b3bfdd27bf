// The fleet as a table.

import { sayDuration } from '../domain/duration.ts';
import { type Cell, columns, plain } from './layout.ts';
import { type Look, stateInk } from './render.ts';
import type { TaskRow } from './task-list.ts';

const TITLE_CHARS = 50;

export function renderList(rows: readonly TaskRow[], { ink, now }: Look): string {
  if (rows.length === 0) return 'No task matches. Start one: outlive submit FILE';
  const head: Cell[] = ['id', 'state', 'for', 'runs', 'owner', 'reason', 'title'].map((text) => ({ text, paint: ink.dim }));
  const body = rows.map((row): (string | Cell)[] => [
    row.id,
    { text: row.state, paint: stateInk(row.state, ink) },
    sayDuration(Math.max(0, now - Date.parse(row.since))),
    String(row.runs),
    plain(row.owner) || '-',
    row.incident ?? row.reason ?? '-',
    short(plain(row.title)),
  ]);
  return columns([head, ...body]);
}

const short = (title: string): string => {
  const characters = [...title];
  return characters.length <= TITLE_CHARS ? title : `${characters.slice(0, TITLE_CHARS - 1).join('')}…`;
};
