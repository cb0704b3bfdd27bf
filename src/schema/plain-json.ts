// What JSON can carry, no more: the border's first look at a value of which nothing is known. After it, reading the value
// cannot loop, cannot run out of stack and cannot lose a part on its way through Temporal.

import type { Finding, Path } from './complaints.ts';

/** Temporal refuses a payload of 2 MiB; a task travels with evidence and hand-offs beside it. */
export const MAX_BYTES = 512 * 1024;
const DEEPEST = 32;

type Plain = { readonly ok: true; readonly value: unknown } | { readonly ok: false; readonly finding: Finding };

/** The value as JSON will carry it (keys that hold `undefined` are gone), or the first thing that JSON cannot carry. */
export function plainJson(value: unknown): Plain {
  const strange = firstStrange(value, [], { left: MAX_BYTES });
  if (strange) return { ok: false, finding: strange };
  const text = JSON.stringify(value) ?? 'null';
  const bytes = Buffer.byteLength(text);
  if (bytes > MAX_BYTES) return { ok: false, finding: { path: [], says: sayTooLarge(bytes) } };
  return { ok: true, value: JSON.parse(text) as unknown };
}

export const sayTooLarge = (bytes: number): string =>
  `${Math.ceil(bytes / 1024)} KiB; expected at most ${MAX_BYTES / 1024} KiB, because the server refuses large messages: put long material into a file of the repository`;

/** `budget` counts what is still looked at: a value that repeats itself without end is as bad as a large one. */
function firstStrange(value: unknown, path: Path, budget: { left: number }): Finding | undefined {
  budget.left -= 1;
  if (budget.left < 0) return { path: [], says: `too large; expected at most ${MAX_BYTES / 1024} KiB` };
  if (path.length > DEEPEST) return { path: path.slice(0, 3), says: `nested too deeply; expected at most ${DEEPEST} levels` };
  if (value === null || value === undefined || typeof value === 'string' || typeof value === 'boolean') return undefined;
  if (typeof value === 'number' && Number.isFinite(value)) return undefined;
  if (typeof value !== 'object' || !isPlain(value))
    return { path, says: 'holds what JSON cannot carry; expected text, a number, a list or a mapping' };
  for (const [key, part] of Object.entries(value)) {
    const here: Path = [...path, Array.isArray(value) ? Number(key) : key];
    // Such a key is dropped without a word by much that reads JSON.
    if (key === '__proto__') return { path: here, says: 'unknown key; expected another name', on: 'key' };
    const strange = firstStrange(part, here, budget);
    if (strange) return strange;
  }
  return undefined;
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return Array.isArray(value) || prototype === null || Object.getPrototypeOf(prototype) === null;
}
