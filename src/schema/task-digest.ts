// Are two tasks the same work? Asked when an id is submitted a second time.

import { createHash } from 'node:crypto';
import type { Task } from '../domain/task.ts';
import { abbreviate, type Path, sayPath } from './complaints.ts';

/** SHA-256 in hex, over JSON with sorted keys: the order in which a file lists its keys does not matter. */
export const taskDigest = (task: Task): string => createHash('sha256').update(canonical(task)).digest('hex');

/** One line for each place that differs, as in `limits.runs: 6 → 8`. Values of `env` are not shown: they may be secret. */
export const differences = (a: Task, b: Task): string[] => compare(a, b, []);

function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (!isMapping(value)) return JSON.stringify(value);
  const entries = Object.entries(value).filter(([, part]) => part !== undefined);
  const sorted = entries.sort(([x], [y]) => (x < y ? -1 : 1));
  return `{${sorted.map(([key, part]) => `${JSON.stringify(key)}:${canonical(part)}`).join(',')}}`;
}

function compare(a: unknown, b: unknown, path: Path): string[] {
  if (Array.isArray(a) && Array.isArray(b)) {
    return Array.from({ length: Math.max(a.length, b.length) }, (_, index) => compare(a[index], b[index], [...path, index])).flat();
  }
  if (isMapping(a) && isMapping(b)) {
    return [...new Set([...Object.keys(a), ...Object.keys(b)])].flatMap((key) => compare(part(a, key), part(b, key), [...path, key]));
  }
  if (a === b) return [];
  return [`${sayPath(path)}: ${path[0] === 'env' ? sayHidden(a, b) : sayBoth(a, b)}`];
}

const isMapping = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const part = (of: Readonly<Record<string, unknown>>, key: string): unknown => (Object.hasOwn(of, key) ? of[key] : undefined);

/** Long texts that begin alike are shown from shortly before the place where they part. */
function sayBoth(a: unknown, b: unknown): string {
  if (typeof a !== 'string' || typeof b !== 'string') return `${say(a)} → ${say(b)}`;
  const [as, bs] = [[...a], [...b]];
  const parting = as.findIndex((character, index) => character !== bs[index]);
  const alike = parting === -1 ? as.length : parting;
  const from = alike > 40 ? alike - 15 : 0;
  const cut = (characters: readonly string[]): string => say(`${from > 0 ? '…' : ''}${characters.slice(from).join('')}`);
  return `${cut(as)} → ${cut(bs)}`;
}

function say(value: unknown): string {
  if (value === undefined) return 'not there';
  return typeof value === 'string' ? JSON.stringify(abbreviate(value)) : abbreviate(canonical(value));
}

function sayHidden(a: unknown, b: unknown): string {
  if (a === undefined) return 'not there → given';
  return b === undefined ? 'given → not there' : 'another value';
}
