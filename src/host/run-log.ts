// Reading what a run wrote, while it writes and afterwards: piece by piece, never a half line where that would cut a
// secret in two and so hide it from redaction, and never more at once than was asked for.

import { type FileHandle, open, stat } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import type { LogPiece, LogPlace } from '../domain/run-log.ts';
import { readJournal } from './journal.ts';
import { type Redact, safeCut } from './redact.ts';
import type { RunDir } from './state-dir.ts';

/** Somebody who only looks wants the end. */
const SHOWN_BYTES = 1024 * 1024;
const BLOCK_BYTES = 64 * 1024;
/** How soon growth is seen. */
const WATCH_MS = 200;

export interface LogReading {
  readonly from?: LogPlace | undefined;
  /** For each stream. */
  readonly maxBytes: number;
  readonly redact: Pick<Redact, 'text'>;
  /** The run is known to be over, whatever its journal says; false: it is known not to be, so what is not there is yet to come. */
  readonly over?: boolean | undefined;
}

export interface LogWaiting {
  readonly waitMs: number;
  readonly signal?: AbortSignal;
}

/** The run's folder is not there: it was removed, or the run was never on this host. */
export class RunLogGone extends Error {
  override readonly name = 'RunLogGone';
}

/** The next piece. Throws RunLogGone, and what the system says where a file cannot be read. */
export async function readRunLog(dir: RunDir, { from, maxBytes, redact, over: known }: LogReading): Promise<LogPiece> {
  await stat(dir.root).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
    // Between its host's word that it has the run and the run's folder, the host asks whether it may start.
    if (known !== false) throw new RunLogGone(`there is no folder ${dir.root}`);
  });
  // Asked before the files are: what a run wrote before it was over is then all there.
  const over = known === true || (await isOver(dir));
  const read = (file: string, at: number | undefined) => readPiece(file, { at, maxBytes, over });
  const [stdout, stderr] = await Promise.all([read(dir.stdout, from?.stdout), read(dir.stderr, from?.stderr)]);
  const more = stdout.more || stderr.more;
  const skipped = { stdout: stdout.skipped, stderr: stderr.skipped };
  return {
    stdout: redact.text(stdout.text),
    stderr: redact.text(stderr.text),
    next: { stdout: stdout.next, stderr: stderr.next },
    more,
    ended: over && !more,
    ...(skipped.stdout + skipped.stderr > 0 ? { skippedBytes: skipped } : {}),
  };
}

/** The same, but waits for something new, for the end of the run, or for the time to be up. */
export async function followRunLog(dir: RunDir, reading: LogReading, { waitMs, signal }: LogWaiting): Promise<LogPiece> {
  const until = performance.now() + waitMs;
  const isTime = () => performance.now() >= until || signal?.aborted === true;
  let seen = await stateOf(dir);
  let piece = await readRunLog(dir, reading);
  const { skippedBytes } = piece;
  while (piece.stdout === '' && piece.stderr === '' && !piece.ended && !isTime()) {
    const before = seen;
    while (before === seen && !isTime()) {
      await sleep(Math.min(WATCH_MS, Math.max(1, until - performance.now())));
      seen = await stateOf(dir);
    }
    piece = await readRunLog(dir, { ...reading, from: piece.next });
  }
  return skippedBytes ? { ...piece, skippedBytes } : piece;
}

async function isOver(dir: RunDir): Promise<boolean> {
  const read = await readJournal(dir);
  return read.kind === 'known' && read.journal.exit !== undefined;
}

/** Changes whenever there may be something new. */
async function stateOf(dir: RunDir): Promise<string> {
  const sizes = await Promise.all(
    [dir.stdout, dir.stderr].map((file) =>
      stat(file).then(
        ({ size }) => size,
        () => 0,
      ),
    ),
  );
  return `${sizes.join()} ${await isOver(dir)}`;
}

interface Piece {
  readonly text: string;
  readonly next: number;
  readonly more: boolean;
  readonly skipped: number;
}

interface PieceAsked {
  readonly at: number | undefined;
  readonly maxBytes: number;
  readonly over: boolean;
}

async function readPiece(path: string, asked: PieceAsked): Promise<Piece> {
  const file = await open(path, 'r').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (!file) return { text: '', next: asked.at ?? 0, more: false, skipped: 0 };
  try {
    return await pieceOf(file, asked);
  } finally {
    await file.close();
  }
}

async function pieceOf(file: FileHandle, { at, maxBytes, over }: PieceAsked): Promise<Piece> {
  const { size } = await file.stat();
  // An agent may have emptied its own log; what is there now is what there is.
  const start = await nextBreak(file, Math.min(at ?? Math.max(0, size - SHOWN_BYTES), size), size);
  const skipped = at === undefined ? start : 0;
  const bytes = await readBytes(file, start, Math.min(maxBytes, size - start));
  const isRest = start + bytes.length >= size;
  const cut = isRest && over ? bytes.length : cutOf(bytes, !isRest);
  if (cut > 0) return { text: bytes.toString('utf8', 0, cut), next: start + cut, more: !isRest, skipped };
  if (isRest) return { text: '', next: start, more: false, skipped };
  return leaveOut(file, { start, size, over, from: start + bytes.length, skipped });
}

/** Where a piece may end. Counted in bytes: what is no ASCII can hold no break, and one character for each byte keeps the places. */
function cutOf(bytes: Buffer, isFull: boolean): number {
  const text = bytes.toString('latin1').replace(/[\u0080-\u00ff]/g, 'x');
  const cut = safeCut(text);
  const end = cut > 0 || !isFull ? cut : Math.max(text.lastIndexOf(' '), text.lastIndexOf('\t')) + 1;
  return isSpace(bytes[end - 1] ?? 0) ? end : 0;
}

interface Unbroken {
  readonly start: number;
  /** So far it has no break. */
  readonly from: number;
  readonly size: number;
  readonly over: boolean;
  readonly skipped: number;
}

/** A stretch without a single space is an image or the like. It is nothing to read, and cut anywhere it could give half a secret away. */
async function leaveOut(file: FileHandle, { start, from, size, over, skipped }: Unbroken): Promise<Piece> {
  const next = await nextBreak(file, from, size);
  if (next >= size && !over) return { text: '', next: start, more: false, skipped };
  return { text: `[${next - start} bytes of a line without spaces are left out]\n`, next, more: next < size, skipped };
}

const LINE_END = 10;
const isSpace = (byte: number): boolean => byte === 32 || (byte >= 9 && byte <= 13);

/** The first place from `at` on that nothing is cut by: after the end of a line if one is near, else after a space, else the end. */
async function nextBreak(file: FileHandle, at: number, size: number): Promise<number> {
  if (at === 0) return 0;
  for (let from = at - 1; from < size; from += BLOCK_BYTES) {
    const block = await readBytes(file, from, Math.min(BLOCK_BYTES, size - from));
    if (from === at - 1 && isSpace(block[0] ?? 0)) return at;
    const lineEnd = block.indexOf(LINE_END);
    const end = lineEnd >= 0 ? lineEnd : block.findIndex(isSpace);
    if (end >= 0) return from + end + 1;
  }
  return size;
}

async function readBytes(file: FileHandle, from: number, length: number): Promise<Buffer> {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, from);
  return buffer.subarray(0, bytesRead);
}
