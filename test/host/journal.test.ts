import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { EndedBy } from '../../src/domain/run.ts';
import { appendLines } from '../../src/host/durable-file.ts';
import {
  type JournalLine,
  type Outcome,
  outcomeOf,
  readJournal,
  reserveOutcome,
  writeJournal,
  writeOutcome,
} from '../../src/host/journal.ts';
import type { RunDir } from '../../src/host/state-dir.ts';
import { runIn, tempFolder, WORKFLOW_RUN } from './scratch.ts';

type Written = Parameters<typeof writeJournal>[1];
type Of<K extends Written['kind']> = Extract<Written, { kind: K }>;

const PREPARED: Of<'prepared'> = {
  kind: 'prepared',
  taskId: 'fix-it',
  n: 1,
  workflowId: 'task/fix-it',
  workflowRunId: WORKFLOW_RUN,
  incarnation: { boot: 'b1', container: 'c1' },
  mark: '/state/runs/fix-it/1-0198c0de',
  supervisor: { pid: 12, startTime: 34 },
};
const owned = (taskToken: string): Of<'owned'> => ({ kind: 'owned', activityId: 'run-1', taskToken });
const ENTERED: Of<'entered'> = { kind: 'entered', agent: { pid: 56, startTime: 78 }, oomKills: 0 };
const ending = (endedBy: EndedBy): Of<'ending'> => ({ kind: 'ending', endedBy });
const REPORTED: Of<'reported'> = { kind: 'reported', how: 'accepted' };
const EXIT = { exitCode: 0, endedBy: 'itself', durationMs: 5 } as const;
const stamped = { v: 1, at: expect.stringMatching(/^\d{4}-.*Z$/) };

async function written(...lines: readonly Written[]): Promise<RunDir> {
  const dir = runIn(await tempFolder());
  for (const line of lines) await writeJournal(dir, line);
  return dir;
}

async function withText(text: string): Promise<RunDir> {
  const dir = runIn(await tempFolder());
  await mkdir(dir.root, { recursive: true });
  await writeFile(dir.journal, text);
  return dir;
}

describe('a journal', () => {
  it('is missing where nothing was written', async () => {
    expect(await readJournal(runIn(await tempFolder()))).toEqual({ kind: 'missing' });
  });

  it('tells who answers for the run last, and why it was ended first', async () => {
    const dir = await written(PREPARED, owned('one'), ENTERED, owned('two'), ending('wall_limit'), ending('cancel'), REPORTED);
    await writeOutcome(dir, outcomeOf(PREPARED, EXIT));
    expect(await readJournal(dir)).toEqual({
      kind: 'known',
      journal: {
        phase: 'reported',
        prepared: { ...stamped, ...PREPARED },
        owned: { ...stamped, ...owned('two') },
        entered: { ...stamped, ...ENTERED },
        endedBy: 'wall_limit',
        exit: EXIT,
        reported: { ...stamped, ...REPORTED },
      },
    });
    expect((await readdir(dir.root)).sort()).toEqual(['journal.jsonl', 'outcome.json']);
  });

  it.each<[string, readonly Written[], boolean, string]>([
    ['prepared', [PREPARED, owned('one')], false, 'prepared'],
    ['entered', [PREPARED, owned('one'), ENTERED], false, 'entered'],
    ['entered, although somebody sets out to end it', [PREPARED, ENTERED, ending('lease')], false, 'entered'],
    ['ended, once there is an outcome', [PREPARED, ENTERED], true, 'ended'],
    ['ended, although it never entered', [PREPARED], true, 'ended'],
    ['reported, although nobody knows how it ended', [PREPARED, REPORTED], false, 'reported'],
  ])('says how far the run came: %s', async (_, lines, isOver, phase) => {
    const dir = await written(...lines);
    if (isOver) await writeOutcome(dir, outcomeOf(PREPARED, EXIT));
    expect(await readJournal(dir)).toMatchObject({ kind: 'known', journal: { phase } });
  });

  it('does not take the room that is reserved for an outcome for one', async () => {
    const dir = await written(PREPARED, ENTERED);
    const outcome = await reserveOutcome(dir);
    expect(await readJournal(dir)).toMatchObject({ journal: { phase: 'entered' } });
    await outcome.write(outcomeOf(PREPARED, EXIT));
    expect(await readJournal(dir)).toMatchObject({ journal: { phase: 'ended' } });
  });
});

const arbitraryPid = fc.record({ pid: fc.nat(), startTime: fc.nat() });
const arbitraryLater: fc.Arbitrary<Written> = fc.oneof(
  fc.record({ kind: fc.constant('owned' as const), activityId: fc.string(), taskToken: fc.base64String() }),
  fc.record({ kind: fc.constant('entered' as const), agent: arbitraryPid, oomKills: fc.nat() }),
  fc.record({ kind: fc.constant('ending' as const), endedBy: fc.constantFrom<EndedBy>('stall', 'cancel', 'lease') }),
  fc.record({ kind: fc.constant('reported' as const), how: fc.constantFrom('accepted' as const, 'refused' as const, 'kept' as const) }),
);
const arbitraryPrepared = fc.record({
  taskId: fc.string({ unit: 'grapheme' }),
  mark: fc.string({ unit: 'grapheme' }),
  supervisor: arbitraryPid,
});

describe('a journal that was cut off', () => {
  it('is known where a whole line ends, corrupt everywhere else, and never an exception', async () => {
    const dir = await withText('');
    await fc.assert(
      fc.asyncProperty(arbitraryPrepared, fc.array(arbitraryLater, { maxLength: 5 }), fc.nat(), async (facts, later, place) => {
        await writeFile(dir.journal, '');
        for (const line of [{ ...PREPARED, ...facts }, ...later]) await writeJournal(dir, line);
        const bytes = await readFile(dir.journal);
        const cut = bytes.subarray(0, place % (bytes.length + 1));
        await writeFile(dir.journal, cut);
        const read = await readJournal(dir);
        expect(read.kind).toBe(cut.at(-1) === 0x0a ? 'known' : 'corrupt');
        if (read.kind === 'corrupt') expect(read.evidence).toContain(`the journal ${dir.journal} cannot be relied on: `);
      }),
    );
  });

  it('is corrupt, or what it was, after any byte of it has changed', async () => {
    const dir = await written(PREPARED, owned('one'), ENTERED);
    const bytes = await readFile(dir.journal);
    await fc.assert(
      fc.asyncProperty(fc.nat(bytes.length - 1), fc.nat(255), async (place, byte) => {
        const changed = Buffer.from(bytes);
        changed[place] = byte;
        await writeFile(dir.journal, changed);
        expect(['known', 'corrupt']).toContain((await readJournal(dir)).kind);
      }),
    );
  });

  it('is corrupt where nothing but the end of its last line is missing', async () => {
    const dir = await written(PREPARED, ENTERED);
    await writeFile(dir.journal, (await readFile(dir.journal)).subarray(0, -1));
    expect(await readJournal(dir)).toMatchObject({ kind: 'corrupt', evidence: expect.stringMatching(/its last line was cut off$/) });
  });

  it('stays corrupt when more is written after it', async () => {
    const dir = await written(PREPARED, ENTERED);
    await writeFile(dir.journal, (await readFile(dir.journal)).subarray(0, -20));
    await writeJournal(dir, REPORTED);
    expect(await readJournal(dir)).toMatchObject({ kind: 'corrupt', evidence: expect.stringMatching(/line 2 is no JSON$/) });
  });
});

const line = (value: unknown): string => `${JSON.stringify(value)}\n`;
const at = '2026-03-01T10:00:00.000Z';
const FIRST: JournalLine = { v: 1, at, ...PREPARED };

describe('a journal that cannot be relied on', () => {
  it.each([
    ['nothing in it', '', /does not begin with "prepared"/],
    ['another beginning', line({ v: 1, at, ...ENTERED }), /does not begin with "prepared"/],
    ['the line of a newer version', line(FIRST) + line({ ...FIRST, v: 2 }), /line 2 is of version 2, and this Outlive reads version 1/],
    ['a line that is no object', line(FIRST) + line(null), /line 2 is of version undefined/],
    ['a line of an unknown kind', line(FIRST) + line({ v: 1, at, kind: 'dreamt' }), /line 2 is of the kind "dreamt"/],
    ['a kind that every object has', line(FIRST) + line({ v: 1, at, kind: 'constructor' }), /line 2 is of the kind "constructor"/],
    [
      'missing fields',
      line({ ...FIRST, workflowId: undefined, mark: 7, supervisor: null }),
      /line 1 has no readable workflowId, mark, supervisor/,
    ],
    ['an unknown ender', line(FIRST) + line({ v: 1, at, kind: 'ending', endedBy: 'fate' }), /line 2 names "fate" as who ended it/],
    ['an empty line', `${line(FIRST)}\n`, /line 2 is no JSON/],
  ])('is corrupt with %s', async (_, text, evidence) => {
    expect(await readJournal(await withText(text))).toEqual({ kind: 'corrupt', evidence: expect.stringMatching(evidence) });
  });

  it('is corrupt, and no exception, where a folder has its name', async () => {
    const dir = runIn(await tempFolder());
    await mkdir(join(dir.journal, 'x'), { recursive: true });
    expect(await readJournal(dir)).toMatchObject({ kind: 'corrupt' });
  });

  const outcome: Outcome = { v: 1, at, taskId: 'fix-it', n: 1, workflowRunId: WORKFLOW_RUN, exit: EXIT };
  it.each<[string, string, RegExp]>([
    ['of another task', line({ ...outcome, taskId: 'other' }), /that of another run/],
    ['of another number', line({ ...outcome, n: 2 }), /that of another run/],
    ['of another execution', line({ ...outcome, workflowRunId: 'other' }), /that of another run/],
    ['of a newer version', line({ ...outcome, v: 2 }), /the outcome beside it is of version 2/],
    ['without an exit', line({ ...outcome, exit: null }), /the outcome beside it has no readable exit/],
    ['with an unknown ender', line({ ...outcome, exit: { durationMs: 1 } }), /the outcome beside it names undefined as who ended it/],
    ['of half a document', '{"v":1,', /JSON/],
    ['of spaces', ' '.repeat(4096), /JSON/],
  ])('is corrupt with an outcome %s', async (_, text, evidence) => {
    const dir = await written(PREPARED, ENTERED);
    await writeFile(dir.outcome, text);
    expect(await readJournal(dir)).toEqual({ kind: 'corrupt', evidence: expect.stringMatching(evidence) });
  });

  it('is begun by its first line alone: nothing else makes the folder', async () => {
    const dir = runIn(await tempFolder());
    await expect(writeJournal(dir, ENTERED)).rejects.toThrow(/ENOENT/);
    await mkdir(dirname(dir.journal), { recursive: true });
    await appendLines(dir.journal, [FIRST]);
    expect(await readJournal(dir)).toMatchObject({ kind: 'known', journal: { phase: 'prepared' } });
  });
});
