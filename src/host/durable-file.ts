// Writing so that it is there after a crash. Small files only: each is written whole, or as one line.

import { randomUUID } from 'node:crypto';
import { type FileHandle, open, readFile, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';

/**
 * Appends lines, on disk when it resolves. Some hundred bytes are one write: nobody sees the half of it, but a crash may
 * leave one. Rejects with ENOSPC on a full disk, and then none of it is there.
 */
export async function appendLines(path: string, values: readonly unknown[]): Promise<void> {
  const text = Buffer.from(values.map((value) => `${JSON.stringify(value)}\n`).join(''));
  const file = await open(path, 'a', 0o600);
  try {
    const { bytesWritten } = await file.write(text);
    if (bytesWritten < text.length) await takeBack(file, bytesWritten);
    await file.datasync();
  } finally {
    await file.close();
  }
}

/** A disk that becomes full takes the beginning of a line, and with half a line in it a whole list cannot be read any more. */
async function takeBack(file: FileHandle, bytes: number): Promise<never> {
  const { size } = await file.stat();
  await file.truncate(size - bytes);
  throw Object.assign(new Error('ENOSPC: there is no room on the disk for a line'), { code: 'ENOSPC' });
}

/** Puts a whole file in the place of the one before: a reader meets the old one or the new one. Not synced: it may be lost with the machine. */
export async function replaceFile(path: string, value: unknown): Promise<void> {
  const beside = `${path}.${randomUUID()}.tmp`;
  try {
    const file = await open(beside, 'wx', 0o600);
    await file.writeFile(JSON.stringify(value)).finally(() => file.close());
    await rename(beside, path);
  } catch (error) {
    await rm(beside, { force: true });
    throw error;
  }
}

/** Undefined where there is no such file; throws where it is no JSON. */
export async function readJson(path: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(path, 'utf8'));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** A file whose room on the disk is taken before it is needed: on a disk that is full by then it can still be written. */
export interface ReservedFile {
  /** Written, synced and put in its place, once. `value` has at most RESERVED_BYTES as JSON. */
  write(value: unknown): Promise<void>;
}

const RESERVED_BYTES = 4096;

export async function reserveFile(path: string): Promise<ReservedFile> {
  const beside = `${path}.tmp`;
  const file = await open(beside, 'w', 0o600);
  try {
    await fill(file, '');
  } catch (error) {
    await file.close();
    await rm(beside, { force: true });
    throw error;
  }
  return {
    write: async (value) => {
      try {
        await fill(file, JSON.stringify(value));
      } finally {
        await file.close();
      }
      await rename(beside, path);
      await syncFolder(dirname(path));
    },
  };
}

/** JSON does not mind the spaces behind it. */
async function fill(file: FileHandle, text: string): Promise<void> {
  await file.write(text.padEnd(RESERVED_BYTES), 0);
  await file.sync();
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
