// Endings that were recorded from real agents, cut to what matters, with the label of what really happened.

import { readdirSync, readFileSync } from 'node:fs';
import { readEnding } from '../../src/cli/commands/classify.ts';
import type { Ending } from '../../src/domain/ending.ts';

const FOLDER = new URL('../fixtures/endings/labelled/', import.meta.url);

export interface Recorded {
  readonly id: string;
  readonly ending: Ending;
  readonly truth: { readonly class: string; readonly reason: string; readonly retry_ok: boolean | 'after_check' };
}

/** The endings of one file, such as `claude`. */
export function recorded(name: string): Recorded[] {
  const lines = readFileSync(new URL(`${name}.jsonl`, FOLDER), 'utf8')
    .trim()
    .split('\n');
  return lines.map((line) => {
    const { id, truth } = JSON.parse(line) as Recorded;
    return { id, truth, ending: readEnding(JSON.parse(line)).ending };
  });
}

/** The files of endings whose cause can be seen. */
export const RECORDED_OF: readonly string[] = readdirSync(FOLDER)
  .map((file) => file.replace('.jsonl', ''))
  .filter((name) => name !== 'unseen');

/** One of them, by its id. */
export function ended(id: string): Ending {
  const found = [...RECORDED_OF, 'unseen'].flatMap(recorded).find((one) => one.id === id);
  if (!found) throw new Error(`no recorded ending ${id}`);
  return found.ending;
}
