// Endings of runs with the label that a careful operator gave them, read from files: one object a `.json` file, or one
// a line of a `.jsonl` file, in the form that `outlive classify` reads, with a `truth` beside it.

import { readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';

export interface Truth {
  readonly class: string;
  readonly reason: string;
  readonly retry_ok: boolean | 'after_check';
  /** Labels that a careful reader could give as well: `class/reason`. */
  readonly alt?: readonly string[];
}

export interface Labelled {
  readonly id: string;
  readonly agent: string;
  readonly truth: Truth;
  /** As `outlive classify` reads it. */
  readonly line: string;
}

/** `develop` is the half that rules are written with, `held` the half that is only counted. */
export type Half = 'develop' | 'held';

/** Every labelled ending of a file or folder. Throws where a file is none of these, or an object has no label. */
export function readLabelled(path: string, half?: Half): Labelled[] {
  const files = statSync(path).isDirectory() ? readdirSync(path).map((name) => join(path, name)) : [path];
  const labelled = files.sort().flatMap((file) => objectsOf(file).map((object, place) => label(object, file, place)));
  return half ? labelled.filter(({ id }) => halfOf(id) === half) : labelled;
}

type Objects = readonly Record<string, unknown>[];

function objectsOf(file: string): Objects {
  const text = readFileSync(file, 'utf8');
  if (file.endsWith('.json')) return [JSON.parse(text)];
  if (file.endsWith('.jsonl')) return text.split('\n').flatMap((line) => (line.trim() === '' ? [] : [JSON.parse(line)]));
  throw new Error(`${file}: expected a .json or .jsonl file`);
}

function label(object: Objects[number], file: string, place: number): Labelled {
  const { truth, id, agent } = object;
  if (typeof truth !== 'object' || truth === null) throw new Error(`${file}, object ${place + 1}: expected a truth beside the ending`);
  return {
    id: typeof id === 'string' ? id : basename(file),
    agent: typeof agent === 'string' ? agent : 'none',
    truth: truth as Truth,
    line: JSON.stringify(object),
  };
}

/** By the name of what was labelled: variants of one fact (`fa-001.v2`) are in the same half. */
function halfOf(id: string): Half {
  const name = id.replace(/\.v\d+$/, '');
  let hash = 2166136261;
  for (let i = 0; i < name.length; i++) hash = Math.imul(hash ^ name.charCodeAt(i), 16777619);
  return ((hash >>> 7) & 1) === 0 ? 'develop' : 'held';
}
