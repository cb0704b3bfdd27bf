// `outlive replay` on files: what it cannot read or write is told as what it is, with the line.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { decide } from '../../src/domain/decide.ts';
import { factsOf } from '../domain/facts.ts';
import { outlive } from './outside.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'outlive-replay-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const facts = factsOf('killed');
const { kind, because } = decide(facts);
const good = { id: 'fix', n: 1, look: 1, was: { reason: 'killed', kind, because }, facts };
const replay = (...lines: unknown[]) => {
  const file = join(folder, 'ends.jsonl');
  writeFileSync(file, lines.map((line) => `${typeof line === 'string' ? line : JSON.stringify(line)}\n`).join(''));
  return outlive(['replay', '--file', file, '--json']);
};

describe('a file of recorded decisions', () => {
  it('is decided anew, and what would be another decision is said', async () => {
    expect(await replay(good)).toMatchObject({ code: 0, stdout: expect.stringContaining('"decisions":1,"changed":0') });
    const other = { ...good, was: { ...good.was, kind: 'ask' } };
    expect(await replay(good, other)).toMatchObject({ code: 1, stdout: expect.stringContaining('"changed":1') });
  });

  it.each([
    ['no JSON', 'so it began'],
    ['something else', { id: 'fix' }],
    ['the outline and nothing in it', { id: 'fix', n: 1, look: 1, was: {}, facts: { task: {}, failure: {} } }],
  ])('with %s in a line is bad input, with the line', async (_, line) => {
    const { code, stdout } = await replay(good, line);
    expect({ code, ...JSON.parse(stdout.trim().split('\n').at(-1) ?? '').error }).toMatchObject({
      code: 'bad_input',
      message: expect.stringContaining('line 2'),
    });
    expect((await replay(good, line)).code).toBe(2);
  });

  it('that cannot be written is said before anything is read', async () => {
    const { code, stderr } = await outlive(['replay', '--save', join(folder, 'nowhere', 'ends.jsonl')]);
    expect({ code, stderr }).toMatchObject({ code: 2, stderr: expect.stringContaining('cannot be written') });
  });
});
