// The words of a complaint: what was found and what is expected. They become the messages of the schemas, so that a
// field says its own form; nothing here knows where the field stands.

import { abbreviate } from './complaints.ts';

interface Issue {
  readonly code?: string;
  readonly input?: unknown;
  readonly keys?: readonly string[];
}
type Say = (issue: Issue) => string;

const NOT_YET = 'not supported by this version of Outlive';

/** `found 0; expected a whole number from 1 to 1000`, or `missing; expected …`. */
export const expected =
  (form: string): Say =>
  ({ input }) =>
    input === undefined ? `missing; expected ${form}` : `found ${sayFound(input)}; expected ${form}`;

/** As `expected`, for text that YAML may have taken for a number or a boolean. */
export const expectedText =
  (form: string): Say =>
  (issue) =>
    expected(form)(issue) + (isUnquoted(issue.input) ? ' (put it in quotes)' : '');

/** For values that may be secret: says what kind of thing was found, never the thing. */
export const expectedSilently =
  (form: string): Say =>
  ({ input }) =>
    `found ${typeof input === 'string' ? 'text' : sayKind(input)}; expected ${form}${isUnquoted(input) ? ' (put it in quotes)' : ''}`;

/** For a mapping whose keys are closed. Keys of later versions are named as such; one line a key, in their order. */
export const expectedKeys =
  (form: string, known: readonly string[], later: readonly string[]): Say =>
  (issue) =>
    issue.keys === undefined ? expected(form)(issue) : issue.keys.map((key) => sayStranger(key, known, later)).join('\n');

/** For a value out of a short list of words. `noun` as in `is no kind of output`. */
export function sayWord(found: unknown, noun: string, known: readonly string[], later: readonly string[] = []): string {
  const forms = known.length === 1 ? `${known[0]}` : `one of ${known.join(', ')}`;
  if (found === undefined) return `missing; expected ${forms}`;
  if (later.includes(found as string)) return `${sayFound(found)} is ${NOT_YET}; expected ${forms}`;
  return `${sayFound(found)} is no ${noun}; expected ${forms}${typeof found === 'string' ? suggest(found, known) : ''}`;
}

function sayStranger(key: string, known: readonly string[], later: readonly string[]): string {
  return later.includes(key) ? NOT_YET : `unknown key; expected one of ${known.join(', ')}${suggest(key, known)}`;
}

export function sayFound(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(abbreviate(value));
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : sayKind(value);
}

function sayKind(value: unknown): string {
  if (value === undefined || value === null) return 'nothing';
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : 'a list';
  return typeof value === 'object' ? 'a mapping' : `a ${typeof value}`;
}

const isUnquoted = (value: unknown): boolean => typeof value === 'number' || typeof value === 'boolean';

function suggest(word: string, known: readonly string[]): string {
  if (word.length > 40) return '';
  const near = known
    .map((candidate) => ({ candidate, distance: editDistance(word.toLowerCase(), candidate.toLowerCase()) }))
    .filter(({ candidate, distance }) => distance <= (candidate.length <= 4 ? 1 : 2))
    .sort((a, b) => a.distance - b.distance)[0];
  return near === undefined ? '' : ` (did you mean ${near.candidate}?)`;
}

/** Insertions, deletions, substitutions and swaps of neighbours that lead from one word to the other. */
function editDistance(a: string, b: string): number {
  let before: number[] = [];
  let above = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    for (let column = 1; column <= b.length; column++) {
      const same = a[row - 1] === b[column - 1];
      let cost = Math.min(at(above, column) + 1, at(current, column - 1) + 1, at(above, column - 1) + (same ? 0 : 1));
      const swapped = row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1];
      if (swapped) cost = Math.min(cost, at(before, column - 2) + 1);
      current.push(cost);
    }
    before = above;
    above = current;
  }
  return at(above, b.length);
}

const at = (row: readonly number[], column: number): number => row[column] ?? 0;
