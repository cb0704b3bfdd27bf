// What processes used of the processor, from /proc.

import { readFileSync } from 'node:fs';

/** Ticks of the kernel's clock, as /proc tells them to programs. */
const TICK_MS = 10;

/** Of one process, in ms: `own`, and `children`: those of it that have ended. Nothing of one that is gone. */
export function cpuOf(pid: number): { readonly own: number; readonly children: number } {
  const [utime = 0, stime = 0, cutime = 0, cstime = 0] = statOf(pid).slice(11, 15).map(Number);
  return { own: (utime + stime) * TICK_MS, children: (cutime + cstime) * TICK_MS };
}

/** The fields after the name of the program, which may have blanks. */
function statOf(pid: number): readonly string[] {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? [];
  } catch {
    return [];
  }
}
