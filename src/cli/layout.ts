// Text that lines up, and that is safe to print: much of what is shown was written by agents.

import type { Paint } from './ink.ts';

/** One line without anything that moves a cursor or colours a terminal. */
export function plain(text: string): string {
  return (
    text
      // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is taken out
      .replace(/\u001b\[[0-9;?]*[ -/]*[@-~]|\u001b\][^\u0007\u001b]*(?:\u0007|\u001b\\)/g, '')
      .replace(/\s+/g, ' ')
      .replace(/[\p{Cc}\p{Cf}\p{Co}\p{Cs}]/gu, '')
      .trim()
  );
}

/** Lines of a longer text, each plain, the empty ones at both ends gone. */
export function plainLines(text: string): readonly string[] {
  return text.trim().split(/\r?\n/).map(plain);
}

export interface Cell {
  readonly text: string;
  readonly paint?: Paint;
}
export type Row = readonly (string | Cell)[];

/** Rows in columns, two spaces apart; the last column of a row has no padding. */
export function columns(rows: readonly Row[], indent = ''): string {
  const cells = rows.map((row) => row.map((cell) => (typeof cell === 'string' ? { text: cell } : cell)));
  const widths: number[] = [];
  for (const row of cells) for (const [i, cell] of row.entries()) widths[i] = Math.max(widths[i] ?? 0, [...cell.text].length);
  return cells
    .map((row) => `${indent}${row.map((cell, i) => padded(cell, i === row.length - 1 ? 0 : (widths[i] ?? 0))).join('  ')}`.trimEnd())
    .join('\n');
}

// Padding stays outside the colour, so that an underlined or inverted theme does not paint the gap.
function padded({ text, paint }: Cell, width: number): string {
  return `${paint && text ? paint(text) : text}${' '.repeat(Math.max(0, width - [...text].length))}`;
}

/** A moment as `2026-03-01 14:05:09Z`, in UTC; what is no time is shown as it is. */
export function sayTime(iso: string): string {
  const ms = Date.parse(iso);
  return Number.isNaN(ms) ? plain(iso) : new Date(ms).toISOString().replace('T', ' ').replace(/\.\d+/, '');
}
