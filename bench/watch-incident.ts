// A line for each change of what the incidents of providers tell of themselves.

import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import { type Breaker, room } from '../src/domain/health.ts';
import { listHealth } from '../src/health-desk.ts';

/** Seconds since `since` stand before each line. Resolves after the abort. */
export async function watchIncident(client: Client, since: number, signal: AbortSignal): Promise<void> {
  let said = '';
  while (!signal.aborted) {
    for (const { scope, health } of await listHealth(client).catch(() => [])) {
      const now = say(health.breaker);
      if (scope.kind !== 'provider' || now === said) continue;
      said = now;
      console.error(`${((performance.now() - since) / 1000).toFixed(1).padStart(7)} s  ${now}`);
    }
    await sleep(250);
  }
}

function say(breaker: Breaker): string {
  if (breaker.phase === 'closed') return 'closed';
  const { count, tries } = breaker.incident;
  if (breaker.phase === 'open') return `open, ${count} tasks, tried in vain ${tries} times`;
  const { n, slots } = breaker.wave;
  return n === 0 ? `half open, one run may try it (${slots.length} did)` : `wave ${n}, of up to ${room(breaker.wave)}`;
}
