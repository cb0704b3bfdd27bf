// Where a program is, as exec(3) looks for it. Asked before a run is entered: a program that is not there is no run at all.

import { accessSync, constants, statSync } from 'node:fs';
import { join, resolve } from 'node:path';

/** What exec(3) takes where nobody sets a PATH. */
const DEFAULT_PATH = '/usr/local/bin:/usr/bin:/bin';

/** Throws the system's error, with its `code`, where no program of that name can be executed. */
export function findProgram(name: string, path: string | undefined, cwd: string): string {
  const places = name.includes('/')
    ? [resolve(cwd, name)]
    : (path ?? DEFAULT_PATH).split(':').map((folder) => join(resolve(cwd, folder), name));
  let refused: NodeJS.ErrnoException | undefined;
  for (const place of places) {
    try {
      accessSync(place, constants.X_OK);
      if (statSync(place).isFile()) return place;
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      // A program that is there and may not be run says more than the folders where there is none.
      if (code !== 'ENOENT' && code !== 'ENOTDIR') refused ??= error as NodeJS.ErrnoException;
    }
  }
  throw Object.assign(new Error(refused ? `${name} may not be executed: ${refused.message}` : `there is no program ${name} on this host`), {
    code: refused?.code ?? 'ENOENT',
  });
}
