// Which life of this machine it is. Pids mean nothing beyond it: a boot hands them out anew, and so does a container that
// takes the place of another one on the same kernel.

import { readlinkSync } from 'node:fs';
import { bootId, processIdentity } from './process-tree.ts';

/** `boot` changes with every start of the kernel, `container` with every start of what holds these processes (on a plain machine: of init). */
export interface Incarnation {
  readonly boot: string;
  readonly container: string;
}

export function incarnation(): Incarnation {
  return { boot: bootId(), container: `${pidNamespace()} ${processIdentity(1)?.startTime ?? ''}`.trim() };
}

/** What has come to an end since `then`, if anything has. */
export function endOf(then: Incarnation, now: Incarnation): 'boot' | 'container' | undefined {
  if (then.boot !== now.boot) return 'boot';
  return then.container === now.container ? undefined : 'container';
}

function pidNamespace(): string {
  try {
    return readlinkSync('/proc/self/ns/pid');
  } catch {
    return '';
  }
}
