// A git that waits, at its first fetch or clone, until it may go on: for what happens while a workspace is made.

import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export interface SlowGit {
  /** Comes first on the PATH of whoever is to use it. */
  readonly folder: string;
  isWaiting(): boolean;
  goOn(): void;
  /** Pids of those that wait. */
  alive(): number[];
}

/** Makes the folder. */
export function makeSlowGit(folder: string): SlowGit {
  const [waits, goes] = [join(folder, 'waits'), join(folder, 'goes')];
  mkdirSync(folder);
  const script = `#!/bin/sh
case " $* " in *" fetch "*) echo $$ > ${waits}; while [ ! -e ${goes} ]; do sleep 0.05; done ;; esac
PATH=\${PATH#${folder}:} exec git "$@"
`;
  writeFileSync(join(folder, 'git'), script);
  chmodSync(join(folder, 'git'), 0o755);
  return {
    folder,
    isWaiting: () => existsSync(waits),
    goOn: () => writeFileSync(goes, ''),
    alive: () => [Number(readFileSync(waits, 'utf8'))].filter((pid) => existsSync(`/proc/${pid}`)),
  };
}
