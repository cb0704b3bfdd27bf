// How much disk folders take. A file with several names counts once, where it is met first: clones share their objects
// with the cache by hard links. About 4 µs for each file and folder, never more than a fifth of the event loop.

import { lstatSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const SLICE_MS = 5;
const PAUSE_MS = 20;
const BLOCK_BYTES = 512;

/** `newest`: when something in it last changed, in milliseconds since 1970; 0 where nothing is there. */
export interface DiskUse {
  readonly bytes: number;
  readonly newest: number;
}

/** Measures one folder after the other; what the earlier ones had counts for them. Rejects once `signal` is aborted. What cannot be read counts nothing. */
export function createDiskMeter(signal: AbortSignal): (folder: string) => Promise<DiskUse> {
  const met = new Set<string>();
  let since = performance.now();
  return async (folder) => {
    let [bytes, newest] = [0, 0];
    for (const todo = [folder]; todo.length > 0; ) {
      const path = todo.pop() ?? folder;
      const entry = orNothing(() => lstatSync(path));
      if (!entry) continue;
      if (entry.isDirectory()) for (const name of orNothing(() => readdirSync(path)) ?? []) todo.push(join(path, name));
      const isShared = !entry.isDirectory() && entry.nlink > 1;
      const inode = `${entry.dev}:${entry.ino}`;
      if (!isShared || !met.has(inode)) bytes += entry.blocks * BLOCK_BYTES;
      if (isShared) met.add(inode);
      newest = Math.max(newest, entry.mtimeMs);
      if (performance.now() - since < SLICE_MS) continue;
      await sleep(PAUSE_MS, undefined, { signal });
      since = performance.now();
    }
    return { bytes, newest };
  };
}

/** Runs write and remove while they are measured. */
function orNothing<T>(look: () => T): T | undefined {
  try {
    return look();
  } catch {
    return undefined;
  }
}
