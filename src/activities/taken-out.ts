// Which of the hosts that are held to be ill are taken out: a share of all, whichever entity speaks first.

import type { Client } from '@temporalio/client';
import { ejected } from '../domain/ejection.ts';
import { incidentOf } from '../domain/health-state.ts';
import type { ScopeSeen } from '../health-desk.ts';
import { hostsOfPool } from './hosts-of-pool.ts';

/** `hosts`: how many there are in all, as far as they poll or are ill. */
export async function isTakenOut(
  client: Client,
  host: string,
  ill: readonly ScopeSeen[],
): Promise<{ readonly out: boolean; readonly hosts: number }> {
  const convicted = ill.flatMap(({ scope, health }) => {
    const incident = incidentOf(health.breaker);
    return scope.kind === 'host' && incident ? [{ host: scope.name, sinceMs: incident.sinceMs }] : [];
  });
  const pools = ill.find(({ scope }) => scope.kind === 'host' && scope.name === host)?.pools ?? [];
  const polled = (await Promise.all(pools.map((pool) => hostsOfPool(client, pool)))).flatMap((hosts) => hosts ?? []);
  const hosts = new Set([...polled, ...convicted.map((one) => one.host)]).size;
  return { out: ejected(convicted, hosts).has(host), hosts };
}
