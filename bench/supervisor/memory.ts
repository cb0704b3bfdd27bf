// What a supervisor holds in memory while its run is alive.

import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { replaceFile } from '../../src/host/durable-file.ts';
import { poke } from '../../src/host/recall.ts';
import type { EndOrder, RunOrder } from '../../src/host/supervisor-messages.ts';
import type { Supervisor, Supervisors } from '../../src/host/supervisors.ts';
import { orderOf } from './spawn-cost.ts';

/** MiB, one for each supervisor. `proportional`: pages that are shared with other processes count in part. */
export interface Memory {
  readonly resident: readonly number[];
  readonly proportional: readonly number[];
}

interface Living {
  readonly supervisor: Supervisor;
  readonly order: RunOrder;
  readonly over: Promise<unknown>;
}

/** Some of its ticks, so that what it needs while it waits is in memory. */
const SETTLE_MS = 3000;

/** `runs` of them at once. */
export async function measureMemory(state: string, supervisors: Supervisors, runs: number): Promise<Memory> {
  const living = await Promise.all(
    Array.from({ length: runs }, async () => {
      const supervisor = await supervisors.take();
      const order = await orderOf(state, ['sleep', '600']);
      return new Promise<Living>((resolve) => {
        const { over } = supervisor.run(order, () => resolve({ supervisor, order, over }));
      });
    }),
  );
  await sleep(SETTLE_MS);
  const pids = living.map(({ supervisor }) => supervisor.pid);
  const memory = {
    resident: pids.map((pid) => mebibytes(`/proc/${pid}/status`, 'VmRSS')),
    proportional: pids.map((pid) => mebibytes(`/proc/${pid}/smaps_rollup`, 'Pss')),
  };
  for (const { supervisor, order, over } of living) {
    await replaceFile(order.dir.order, { end: 'cancel', graceMs: 1000 } satisfies EndOrder);
    poke(supervisor);
    await over;
  }
  return memory;
}

function mebibytes(file: string, field: string): number {
  const [, kibibytes] = new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(readFileSync(file, 'utf8')) ?? [];
  return Number(kibibytes) / 1024;
}
