// A real bare repository with one commit on main, for tests and for recording histories.

import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Its path, inside `folder`. */
export function makeOrigin(folder: string): string {
  const origin = join(folder, 'origin.git');
  const first = join(folder, 'first');
  const git = (cwd: string, ...args: readonly string[]) => execFileSync('git', args, { cwd, stdio: 'ignore' });
  git(folder, 'init', '--bare', '--initial-branch=main', origin);
  git(folder, 'clone', origin, first);
  writeFileSync(join(first, 'README.md'), 'A repository for tests.\n');
  git(first, 'add', '.');
  git(first, '-c', 'user.name=Test', '-c', 'user.email=test@localhost', 'commit', '-m', 'Begin');
  git(first, 'push', 'origin', 'HEAD:main');
  return origin;
}
