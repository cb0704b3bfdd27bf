// Did the kernel kill for lack of memory? It tells nobody but its own counters.

import { readFileSync } from 'node:fs';

/** How often the kernel has killed for lack of memory: in our own memory group, and in all. What cannot be read counts nothing. */
export function oomKills(): number {
  return memoryGroupFiles().reduce((sum, file) => sum + countIn(file), countIn('/proc/vmstat'));
}

/** The files in which they can be read here. */
export function oomCounters(): string[] {
  return [...memoryGroupFiles(), '/proc/vmstat'].filter((file) => /^oom_kill \d+$/m.test(read(file)));
}

function countIn(file: string): number {
  return Number(/^oom_kill (\d+)$/m.exec(read(file))?.[1] ?? 0);
}

/** Version 2 has one hierarchy, version 1 one for each controller. */
function memoryGroupFiles(): string[] {
  const groups = read('/proc/self/cgroup');
  const v1 = /^\d+:(?:[^:]*,)?memory(?:,[^:]*)?:(.*)$/m.exec(groups)?.[1];
  const v2 = /^0::(.*)$/m.exec(groups)?.[1];
  return [
    ...(v1 === undefined ? [] : [`/sys/fs/cgroup/memory${v1}/memory.oom_control`, '/sys/fs/cgroup/memory/memory.oom_control']),
    ...(v2 === undefined ? [] : [`/sys/fs/cgroup${v2}/memory.events`, '/sys/fs/cgroup/memory.events']),
  ].filter((file, place, all) => all.indexOf(file) === place);
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
