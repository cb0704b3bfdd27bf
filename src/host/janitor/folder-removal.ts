// Folders go as a whole: renamed first, then removed. Whoever dies in between leaves a name that says so, and the next
// one goes on.

import { chmod, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';

/** What the name of a folder ends with that was given up, and whose removal was cut off. */
export const GONE = '.gone';

/** Throws where the folder cannot be renamed, or not all of it removed; then the rest lies under another name. */
export async function removeFolder(path: string): Promise<void> {
  const gone = `${path}${GONE}`;
  await removeGone(gone);
  await rename(path, gone);
  await removeGone(gone);
}

/** Throws where something in it belongs to somebody else. */
export async function removeGone(path: string): Promise<void> {
  try {
    await rm(path, { recursive: true, force: true });
  } catch (error) {
    if (!['EACCES', 'EPERM'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
    // Go's module cache, for one, takes the right to write from its own folders.
    await openFolders(path);
    await rm(path, { recursive: true, force: true });
  }
}

async function openFolders(path: string): Promise<void> {
  await chmod(path, 0o700);
  for (const entry of await readdir(path, { withFileTypes: true })) if (entry.isDirectory()) await openFolders(join(path, entry.name));
}
