// One process at a time, among all that share a folder. The holder keeps touching its file, so a file that nobody
// has touched for a while belongs to a process that is gone (a pid would say nothing across containers or hosts).
// Two processes that find a stale lock in the same instant may both go on: what is done under this lock must stand
// being done twice, it is only a waste.

import { randomUUID } from 'node:crypto';
import { readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';

const TOUCH_MS = 5000;
const STALE_MS = 30_000;
const LOOK_MS = 250;

/** Does `work` when no other process holds `file`; `onWait` is called once if another one does. */
export async function withLock<T>(file: string, onWait: () => void, work: () => Promise<T>): Promise<T> {
  const token = randomUUID();
  for (let waits = 0; !(await take(file, token)); waits += 1) {
    if (waits === 0) onWait();
    await sleep(LOOK_MS);
  }
  const touching = setInterval(() => void touch(file), TOUCH_MS);
  try {
    return await work();
  } finally {
    clearInterval(touching);
    await release(file, token);
  }
}

async function take(file: string, token: string): Promise<boolean> {
  try {
    await writeFile(file, token, { flag: 'wx' });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  if (await isStale(file)) await rm(file, { force: true });
  return false;
}

async function isStale(file: string): Promise<boolean> {
  const seen = await stat(file).catch(() => undefined);
  return seen !== undefined && Date.now() - seen.mtimeMs > STALE_MS;
}

async function touch(file: string): Promise<void> {
  const now = new Date();
  // Fails where somebody else took the lock for stale (this machine slept): then there is nothing to keep fresh.
  await utimes(file, now, now).catch(() => undefined);
}

async function release(file: string, token: string): Promise<void> {
  const holder = await readFile(file, 'utf8').catch(() => undefined);
  if (holder === token) await rm(file, { force: true });
}
