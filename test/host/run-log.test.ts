import { appendFile, mkdir, rm, truncate, writeFile } from 'node:fs/promises';
import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import type { LogPiece, LogPlace } from '../../src/domain/run-log.ts';
import { outcomeOf, writeJournal, writeOutcome } from '../../src/host/journal.ts';
import { redactFor } from '../../src/host/redact.ts';
import { followRunLog, type LogReading, RunLogGone, readRunLog } from '../../src/host/run-log.ts';
import type { RunDir } from '../../src/host/state-dir.ts';
import { runIn, tempFolder, WORKFLOW_RUN } from './scratch.ts';

const SECRET = 'correct-horse-battery';
const redact = redactFor({ STAPLE_TOKEN: SECRET });
const MIB = 1024 * 1024;

let dir: RunDir;
beforeEach(async () => {
  dir = runIn(await tempFolder());
  await mkdir(dir.root, { recursive: true });
});

const read = (more: Partial<LogReading> = {}): Promise<LogPiece> => readRunLog(dir, { maxBytes: 128 * 1024, redact, ...more });
/** Every piece until nothing is left, one after the other. */
async function readAll(more: Partial<LogReading>): Promise<readonly LogPiece[]> {
  const pieces: LogPiece[] = [];
  let from = more.from;
  do {
    pieces.push(await read({ ...more, ...(from && { from }) }));
    from = pieces.at(-1)?.next;
  } while (pieces.at(-1)?.more);
  return pieces;
}
const START: LogPlace = { stdout: 0, stderr: 0 };

/** As the run's supervisor says it. */
async function end(): Promise<void> {
  const fence = { taskId: 'fix-it', n: 1, workflowRunId: WORKFLOW_RUN };
  await writeJournal(dir, {
    kind: 'prepared',
    ...fence,
    workflowId: 'task/fix-it',
    incarnation: { boot: 'b' } as never,
    mark: dir.root,
    supervisor: { pid: 1, startTime: 1 },
  });
  await writeOutcome(dir, outcomeOf(fence, { exitCode: 0, endedBy: 'itself', durationMs: 1 }));
}

describe('a piece of a log', () => {
  it('holds whole lines, each stream for itself, and says where the next one begins', async () => {
    await writeFile(dir.stdout, 'one\ntwo\nthr');
    await writeFile(dir.stderr, 'bad\n');
    expect(await read()).toEqual({
      stdout: 'one\ntwo\n',
      stderr: 'bad\n',
      next: { stdout: 8, stderr: 4 },
      more: false,
      ended: false,
    });
  });

  it('holds the last line too, unfinished as it is, once the run is over by its journal', async () => {
    await writeFile(dir.stdout, 'one\nthr');
    await end();
    expect(await read()).toMatchObject({ stdout: 'one\nthr', next: { stdout: 7, stderr: 0 }, ended: true });
  });

  it('holds it as well where only the task knows that the run is over', async () => {
    await writeFile(dir.stderr, 'thr');
    expect(await read({ over: true })).toMatchObject({ stderr: 'thr', ended: true });
  });

  it('is empty where the run has written nothing yet', async () => {
    expect(await read()).toEqual({ stdout: '', stderr: '', next: START, more: false, ended: false });
  });

  it('is no piece where the folder of the run is gone', async () => {
    await rm(dir.root, { recursive: true });
    await expect(read()).rejects.toBeInstanceOf(RunLogGone);
    await expect(read({ over: true })).rejects.toBeInstanceOf(RunLogGone);
  });

  it('is empty where the run is known not to be over, and its host has not made its folder yet', async () => {
    await rm(dir.root, { recursive: true });
    expect(await read({ over: false })).toEqual({ stdout: '', stderr: '', next: START, more: false, ended: false });
  });

  it('begins anew at the end of a log that the agent has emptied', async () => {
    await writeFile(dir.stdout, 'one\ntwo\n');
    const { next } = await read();
    await truncate(dir.stdout, 0);
    await appendFile(dir.stdout, 'x\n');
    expect(await read({ from: next })).toMatchObject({ stdout: '', next: { stdout: 2, stderr: 0 } });
  });

  it('shows bytes that are no text as what they are, and loses no place by them', async () => {
    await writeFile(dir.stdout, Buffer.from([0xff, 0xfe, 10, 0xc3, 0xa9, 10]));
    const { stdout, next } = await read();
    expect({ stdout, next }).toEqual({ stdout: '\ufffd\ufffd\né\n', next: { stdout: 6, stderr: 0 } });
  });
});

describe('a long log', () => {
  const line = (n: number): string => `${String(n).padStart(8, '0')} ${'x'.repeat(90)}\n`;

  it('comes in pieces of the size that was asked for, which make up the whole', async () => {
    const whole = Array.from({ length: 2000 }, (_, n) => line(n)).join('');
    await writeFile(dir.stdout, whole);
    await writeFile(dir.stderr, whole.slice(0, 50_000));
    const pieces = await readAll({ from: START, maxBytes: 70_000, over: true });
    expect(pieces.map(({ stdout }) => stdout).join('')).toBe(whole);
    expect(pieces.map(({ stderr }) => stderr).join('')).toBe(whole.slice(0, 50_000));
    expect(pieces.map(({ stdout }) => stdout.length <= 70_000 && stdout.endsWith('\n'))).toEqual([true, true, true]);
    expect(pieces.map(({ more, ended }) => [more, ended])).toEqual([
      [true, false],
      [true, false],
      [false, true],
    ]);
  });

  it('is shown from the first line of its last MiB, and it is said how much came before', async () => {
    const whole = Array.from({ length: 15_000 }, (_, n) => line(n)).join('');
    await writeFile(dir.stdout, whole);
    await writeFile(dir.stderr, 'short\n');
    const [first, ...others] = await readAll({});
    const skipped = whole.length - [first, ...others].reduce((sum, piece) => sum + (piece?.stdout.length ?? 0), 0);
    expect(first?.skippedBytes).toEqual({ stdout: skipped, stderr: 0 });
    expect(skipped).toBeGreaterThanOrEqual(whole.length - MIB);
    expect(skipped).toBeLessThan(whole.length - MIB + 100);
    expect(skipped % 100).toBe(0);
    expect(others.map((piece) => piece.skippedBytes)).toEqual(others.map(() => undefined));
  });

  it('that has a line longer than a piece is cut at a space', async () => {
    await writeFile(dir.stdout, `${'word '.repeat(40_000)}end\n`);
    const pieces = await readAll({ from: START, maxBytes: 100_003 });
    expect(pieces.map(({ stdout }) => stdout).join('')).toBe(`${'word '.repeat(40_000)}end\n`);
    expect(pieces.slice(0, -1).every(({ stdout }) => stdout.endsWith(' '))).toBe(true);
  });

  it('that has no space for longer than a piece has that left out, and goes on after it', async () => {
    await writeFile(dir.stdout, `before\n${'A'.repeat(300_000)}\nafter\n`);
    const pieces = await readAll({ from: START });
    expect(pieces.map(({ stdout }) => stdout).join('')).toBe('before\n[300001 bytes of a line without spaces are left out]\nafter\n');
  });

  it('waits for the end of such a stretch while the run may still write it', async () => {
    await writeFile(dir.stdout, 'A'.repeat(300_000));
    expect(await read({ from: START })).toMatchObject({ stdout: '', next: START, more: false });
    await appendFile(dir.stdout, ' the rest\nthen\n');
    expect((await readAll({ from: START })).map(({ stdout }) => stdout).join('')).toBe(
      '[300010 bytes of a line without spaces are left out]\nthen\n',
    );
    await writeFile(dir.stdout, 'A'.repeat(300_000));
    expect(await read({ from: START, over: true })).toMatchObject({
      stdout: '[300000 bytes of a line without spaces are left out]\n',
      next: { stdout: 300_000, stderr: 0 },
      ended: true,
    });
  });
});

describe('a secret in a log', () => {
  it('is not shown, wherever the log is cut', async () => {
    const text = `${'x'.repeat(40)} ${SECRET}\n`.repeat(20);
    await writeFile(dir.stdout, text);
    for (let maxBytes = 70; maxBytes < 140; maxBytes += 1) {
      const said = (await readAll({ from: START, maxBytes, over: true })).map(({ stdout }) => stdout).join('');
      expect(said, `in pieces of ${maxBytes} bytes`).toBe(text.replaceAll(SECRET, '[redacted]'));
    }
  });

  it('is not shown by halves, however the run writes and whatever place is asked for', async () => {
    const word = fc.oneof(fc.constant(SECRET), fc.stringMatching(/^[a-zé]{1,12}$/));
    const chunks = fc.array(
      fc.tuple(word, fc.constantFrom(' ', '\n', '\t')).map((parts) => parts.join('')),
      { maxLength: 40 },
    );
    await fc.assert(
      fc.asyncProperty(chunks, fc.nat(200), fc.integer({ min: 64, max: 256 }), async (words, at, maxBytes) => {
        const whole = words.join('');
        await writeFile(dir.stdout, whole);
        const pieces = await readAll({ from: { stdout: at, stderr: 0 }, maxBytes, over: true });
        const said = pieces.map(({ stdout }) => stdout).join('');
        for (let from = 0; from + 8 <= SECRET.length; from += 1) expect(said).not.toContain(SECRET.slice(from, from + 8));
        if (at === 0) expect(said).toBe(whole.replaceAll(SECRET, '[redacted]'));
      }),
      { numRuns: 60 },
    );
  });

  it('that is a private key is not shown, whether it is written in one go or line by line', async () => {
    const lines = [
      '-----BEGIN PRIVATE KEY-----',
      'MIIEvQIBADANBgkqhkiG9w0BAQEFAASC',
      'BKcwggSjAgEAAoIBAQC7',
      '-----END PRIVATE KEY-----',
      'after',
    ];
    let from = START;
    let said = '';
    for (const line of ['before', ...lines]) {
      await appendFile(dir.stdout, `${line}\n`);
      const piece = await read({ from });
      said += piece.stdout;
      from = piece.next;
    }
    expect(said).toMatch(/^before\n.*\[redacted\].*\nafter\n$/s);
    for (const secret of lines.slice(1, 3)) expect(said).not.toContain(secret);
  });

  it('that is being written waits for the end of its line', async () => {
    await writeFile(dir.stdout, `the key is ${SECRET.slice(0, 10)}`);
    const { stdout, next } = await read({ from: START });
    await appendFile(dir.stdout, `${SECRET.slice(10)}\n`);
    expect(stdout + (await read({ from: next })).stdout).toBe('the key is [redacted]\n');
  });
});

describe('following a log', () => {
  const follow = (waitMs: number, more: Partial<LogReading> = {}, signal?: AbortSignal): Promise<LogPiece> =>
    followRunLog(dir, { from: START, maxBytes: 128 * 1024, redact, ...more }, { waitMs, ...(signal && { signal }) });

  it('waits for the next line', async () => {
    const piece = follow(20_000);
    await writeFile(dir.stdout, 'on');
    await appendFile(dir.stdout, 'e\n');
    expect(await piece).toMatchObject({ stdout: 'one\n', ended: false });
  });

  it('waits for the end of the run, and gives the last line then', async () => {
    await writeFile(dir.stdout, 'last words');
    const piece = follow(20_000);
    await end();
    expect(await piece).toMatchObject({ stdout: 'last words', ended: true });
  });

  it('gives nothing when the time is up', async () => {
    expect(await follow(50)).toMatchObject({ stdout: '', ended: false, next: START });
  });

  it('gives nothing when it is no longer wanted', async () => {
    const wanted = new AbortController();
    const piece = follow(20_000, {}, wanted.signal);
    wanted.abort();
    expect(await piece).toMatchObject({ stdout: '', ended: false });
  });

  it('does not wait where the run is over', async () => {
    expect(await follow(20_000, { over: true })).toMatchObject({ stdout: '', ended: true });
  });
});
