// How well are endings read? Labelled endings in, shares of right answers out. `npm run score [-- ENDINGS TAILS] [--half
// develop|held] [--misses]`: files or folders; without one, the project's own. ENDINGS and TAILS are counted apart.

import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { answerLine } from '../../src/cli/commands/classify.ts';
import { type Half, type Labelled, readLabelled } from './labelled.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { half: { type: 'string' }, misses: { type: 'boolean', default: false } },
});
const { half } = values;
if (half !== undefined && half !== 'develop' && half !== 'held') {
  console.error(`--half ${half}: expected develop or held`);
  process.exit(2);
}

const OWN = ['labelled', 'tails.jsonl'].map((name) => fileURLToPath(new URL(`../../test/fixtures/endings/${name}`, import.meta.url)));

interface Marked {
  readonly of: Labelled;
  readonly said: { readonly class: string; readonly reason: string; readonly retry: boolean | 'after_check'; readonly rule: string };
  readonly isRight: boolean;
  readonly isFair: boolean;
  readonly isClassRight: boolean;
  readonly isWrongRetry: boolean;
}

for (const path of positionals.length > 0 ? positionals : OWN) report(path, half);

function report(path: string, part: Half | undefined): void {
  const marked = readLabelled(path, part).map(mark);
  console.log(`\n${path}${part ? `, ${part}` : ''}`);
  print([
    ['all', marked],
    ...grouped(marked, ({ of }) => of.agent),
    ...grouped(marked, ({ of }) => of.truth.class).map(([name, those]) => [`class ${name}`, those] as const),
  ]);
  if (!values.misses) return;
  for (const { of, said, isFair, isWrongRetry } of marked) {
    if (isFair && !isWrongRetry) continue;
    const truth = `${of.truth.class}/${of.truth.reason}`;
    console.log(`${of.id}\t${truth}\t${said.class}/${said.reason}\t${said.rule}${isWrongRetry ? '\twrong retry' : ''}`);
  }
}

function mark(of: Labelled): Marked {
  const said = answerLine(of.line) as unknown as Marked['said'];
  const { truth } = of;
  const name = `${said.class}/${said.reason}`;
  const isRight = said.reason === truth.reason && said.class === truth.class;
  return {
    of,
    said,
    isRight,
    isFair: isRight || (truth.alt ?? []).includes(name),
    isClassRight: said.class === truth.class,
    isWrongRetry: said.retry === true && truth.retry_ok === false,
  };
}

function grouped(marked: readonly Marked[], keyOf: (one: Marked) => string): (readonly [string, readonly Marked[]])[] {
  const groups = new Map<string, Marked[]>();
  for (const one of marked) groups.set(keyOf(one), [...(groups.get(keyOf(one)) ?? []), one]);
  return [...groups].sort(([a], [b]) => a.localeCompare(b));
}

function print(rows: readonly (readonly [string, readonly Marked[]])[]): void {
  console.log(line(['', 'endings', 'right', 'or alt', 'class', 'wrong retry', 'unknown']));
  for (const [name, those] of rows) {
    const share = (isSo: (one: Marked) => boolean) => `${((100 * those.filter(isSo).length) / those.length).toFixed(1)} %`;
    console.log(
      line([
        name,
        String(those.length),
        share((one) => one.isRight),
        share((one) => one.isFair),
        share((one) => one.isClassRight),
        share((one) => one.isWrongRetry),
        share((one) => one.said.class === 'unknown'),
      ]),
    );
  }
}

function line([name = '', ...cells]: readonly string[]): string {
  return name.padEnd(24) + cells.map((cell) => cell.padStart(12)).join('');
}
