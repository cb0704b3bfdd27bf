import { describe, expect, it } from 'vitest';
import { classify } from '../../src/domain/classify.ts';
import { PROCESS_RULES } from '../../src/domain/process-rules.ts';
import { readWait } from '../../src/domain/wait-hints.ts';

const MIB = 1024 * 1024;
const TRICKY = [
  '\\',
  '\\"',
  '"',
  ' ',
  '\n',
  '=',
  'a',
  '1',
  'retry in 1',
  'limit ',
  'exceeded the ',
  'model not ',
  '{"type":"',
  '\u001b[',
  'invalid token ',
  '\t',
];

/** The best of a few, because other work on the machine only ever adds. */
function bestMs(work: () => void): number {
  const times = Array.from({ length: 7 }, () => {
    const start = performance.now();
    work();
    return performance.now() - start;
  });
  return Math.min(...times);
}

/** Time for twice the text against time for the text; a millisecond on both keeps the clock's grain out. The least of some tries. */
function growth(work: (text: string) => void, once: string): number {
  work(once); // compiled before it is measured
  const ratio = () => (bestMs(() => work(once + once)) + 1) / (bestMs(() => work(once)) + 1);
  let least = ratio();
  for (let tries = 1; least >= 4 && tries < 5; tries++) least = Math.min(least, ratio());
  return least;
}

describe('a tail that is made to be slow', () => {
  it.each(TRICKY)('of a mebibyte of %j costs no more than its end', (part) => {
    const tail = part.repeat(Math.ceil(MIB / part.length));
    classify({ exitCode: 1, tail });
    expect(bestMs(() => classify({ exitCode: 1, tail, stdoutTail: tail, stderrTail: tail }))).toBeLessThan(250);
  });

  it.each(TRICKY)('of %j is read in a time that grows with its length, by every rule', (part) => {
    const text = part.repeat(Math.ceil(8192 / part.length));
    const everyRule = (long: string) => {
      for (const rule of PROCESS_RULES) if (rule.where === 'text') rule.match.exec(long);
    };
    expect(growth(everyRule, text)).toBeLessThan(4);
  });

  it.each(TRICKY)('of %j is searched for a wait in a time that grows with its length', (part) => {
    const text = `retry ${part.repeat(Math.ceil(8192 / part.length))}`;
    expect(growth((long) => readWait(long, { at: '2026-03-01T00:00:00Z', local: true }), text)).toBeLessThan(4);
  });
});
