// Who works in a folder: a host's supervisors do so in its state folder.

import { readdirSync, readlinkSync } from 'node:fs';

/** Pids of those whose working directory it is. */
export function processesIn(folder: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && workingFolder(name) === folder)
    .map(Number);
}

function workingFolder(pid: string): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/cwd`);
  } catch {
    return undefined;
  }
}
