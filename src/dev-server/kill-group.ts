import type { ChildProcess } from 'node:child_process';

/** Kills what is left of the group of a process that was started `detached`, though that process itself may be gone. */
export function killGroup(leader: ChildProcess): void {
  if (leader.pid === undefined) return;
  try {
    process.kill(-leader.pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
