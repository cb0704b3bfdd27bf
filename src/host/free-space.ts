// How much room the disk of the state folder has. Below a floor a host takes no new run, before runs die of a full disk.

import { statfsSync } from 'node:fs';

/** Bytes that this user may still write there. */
export function freeSpace(folder: string): number {
  const { bavail, bsize } = statfsSync(folder);
  return bavail * bsize;
}
