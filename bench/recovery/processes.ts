// What lives in a folder: processes that carry a run's mark of there, or have it as their working directory (supervisors).

import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { MARK_VARIABLE, type ProcessIdentity, processIdentity } from '../../src/host/process-tree.ts';

export interface FoundProcess extends ProcessIdentity {
  readonly command: string;
}

export function processesUnder(folder: string): FoundProcess[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .filter((pid) => isUnder(pid, folder))
    .flatMap((pid) => {
      const identity = processIdentity(Number(pid));
      return identity
        ? [
            {
              ...identity,
              command: read(() => readFileSync(`/proc/${pid}/cmdline`, 'utf8'))
                .replaceAll('\0', ' ')
                .trim(),
            },
          ]
        : [];
    });
}

/** Never somebody else who has that number by now. */
export function kill({ pid, startTime }: ProcessIdentity, of: 'process' | 'group' = 'process'): boolean {
  if (processIdentity(pid)?.startTime !== startTime) return false;
  try {
    process.kill(of === 'group' ? -pid : pid, 'SIGKILL');
    return true;
  } catch {
    return false;
  }
}

function isUnder(pid: string, folder: string): boolean {
  const environment = read(() => readFileSync(`/proc/${pid}/environ`, 'utf8')).split('\0');
  const cwd = read(() => readlinkSync(`/proc/${pid}/cwd`));
  return environment.some((variable) => variable.startsWith(`${MARK_VARIABLE}=${folder}/`)) || `${cwd}/`.startsWith(`${folder}/`);
}

/** Processes end while they are looked at. */
function read(look: () => string): string {
  try {
    return look();
  } catch {
    return '';
  }
}
