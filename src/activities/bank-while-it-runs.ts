// What an agent has committed is banked while it works: a host that is lost takes only the newest work with it.

import { setTimeout as sleep } from 'node:timers/promises';
import { gitInWorkspace } from '../host/git.ts';
import type { Attended } from './attend.ts';
import { bankIt } from './conclude.ts';

export interface Banking {
  /** Resolves once none is on its way any more. */
  stop(): Promise<void>;
}

/** Looks as often as the server is to hear of the run, and banks where the head has moved. A failed bank is made up for at the end. */
export function bankWhileItRuns({ deps, input, dir }: Pick<Attended, 'deps' | 'input' | 'dir'>): Banking {
  const stopping = new AbortController();
  const headOf = async () => {
    const head = await gitInWorkspace(dir.workspace, ['rev-parse', 'HEAD']);
    return head.ok ? head.stdout : '';
  };
  const loop = async () => {
    for (let banked = input.start.kind === 'bank' ? input.start.head : ''; !stopping.signal.aborted; ) {
      await sleep(input.heartbeatMs, undefined, { signal: stopping.signal, ref: false });
      const head = await headOf();
      if (head === '' || head === banked) continue;
      const bank = await bankIt(deps, input, dir);
      if (bank?.state !== 'failed') banked = head;
      deps.log.debug({ task: input.task.id, run: input.n, bank }, 'banked while it runs');
    }
  };
  const looping = input.task.workspace ? loop().catch(() => undefined) : Promise.resolve();
  return {
    stop: async () => {
      stopping.abort();
      await looping;
    },
  };
}
