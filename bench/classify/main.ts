// How many ends a second are classified on one core, and does the time grow with the length of a tail and no faster?
// `npm run bench:classify [-- --seconds 2]`. Ends with 1 where the figure is missed.

import { parseArgs } from 'node:util';
import { endingOf, rulesFor } from '../../src/agents/index.ts';
import { classify } from '../../src/domain/classify.ts';
import type { Ending } from '../../src/domain/ending.ts';
import { hostileEnds, jsonEnds, plainEnds } from './tails.ts';

const { values } = parseArgs({ options: { seconds: { type: 'string', default: '2' } } });
const KIB = 1024;
/** Ends of 8 KiB a second. */
const FIGURE = 20_000;
/** Ends that are timed at once. */
const BATCH = 10;
const SIZES = [1, 2, 4, 8, 16, 32, 64];

const KINDS: Readonly<Record<string, (length: number) => readonly Ending[]>> = { plain: plainEnds, JSON: jsonEnds, hostile: hostileEnds };

console.log(`${'ends a second'.padEnd(16)}${SIZES.map((size) => `${size} KiB`.padStart(12)).join('')}`);
const rates = new Map<string, number>();
for (const [kind, ends] of Object.entries(KINDS)) {
  const cells = SIZES.map((size) => {
    const rate = endsASecond(ends(size * KIB));
    rates.set(`${kind} ${size}`, rate);
    return Math.round(rate).toLocaleString('en').padStart(12);
  });
  console.log(kind.padEnd(16) + cells.join(''));
}

const slow = ['plain 8', 'JSON 8'].filter((name) => (rates.get(name) ?? 0) < FIGURE);
for (const name of slow) console.error(`${name} KiB: less than ${FIGURE.toLocaleString('en')} ends a second`);
process.exitCode = slow.length > 0 ? 1 : 0;

/** The best time of each few ends: other work on the machine only ever takes away, and seldom from all of them. */
function endsASecond(ends: readonly Ending[]): number {
  const batches = Array.from({ length: Math.ceil(ends.length / BATCH) }, (_, place) => ends.slice(place * BATCH, (place + 1) * BATCH));
  const best = batches.map(() => Number.POSITIVE_INFINITY);
  const until = performance.now() + Number(values.seconds) * 1000;
  do {
    for (const [place, batch] of batches.entries()) {
      const start = performance.now();
      for (const ending of batch) classify(endingOf(ending), rulesFor(ending.agent));
      best[place] = Math.min(best[place] ?? 0, performance.now() - start);
    }
  } while (performance.now() < until);
  return (ends.length / best.reduce((sum, ms) => sum + ms, 0)) * 1000;
}
