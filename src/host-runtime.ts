// What a worker that takes runs has beside its queues: the host for itself, free supervisors, seats, the gate before its
// queues, and an eye on runs that nobody answers for.

import type { Deps, HostDeps } from './activities/deps.ts';
import { createOrphans, findOrphans } from './activities/orphans.ts';
import { saySize } from './domain/size.ts';
import { createClaims } from './host/claims.ts';
import { freeSpace } from './host/free-space.ts';
import { createSeats } from './host/seats.ts';
import { createSupervisors } from './host/supervisors.ts';
import type { Gate } from './run-slots.ts';

/** A run elsewhere waits while this host says no, so it looks often enough to say yes again soon. */
const LOOK_MS = 5000;

export interface HostRuntime {
  readonly deps: HostDeps;
  readonly gate: Gate;
  /** Runs that live on are left to the next worker. Resolves when nothing here works any more. */
  close(): Promise<void>;
}

/** Before the first poll: every run that an earlier worker left is found, living ones have their seats. */
export async function openHost(deps: Deps, capacity: number): Promise<HostRuntime> {
  const seats = createSeats(capacity);
  const gate = watchGate(deps);
  const host: HostDeps = {
    ...deps,
    seats,
    claims: createClaims(),
    supervisors: createSupervisors(deps.state),
    closedBecause: gate.closedBecause,
    leave: (dir) => orphans.see(dir),
  };
  const orphans = createOrphans(host, deps.config.timing.heartbeatMs / 3);
  for (const dir of await findOrphans(host)) orphans.see(dir);
  return {
    deps: host,
    gate,
    close: async () => {
      gate.stop();
      host.supervisors.close();
      await orphans.stop();
    },
  };
}

interface WatchedGate extends Gate {
  closedBecause(): string | undefined;
  stop(): void;
}

function watchGate({ state, config, log }: Deps): WatchedGate {
  const calls: (() => void)[] = [];
  const closedBecause = () => spaceWanted(state, config.retention.freeBytes);
  let said = closedBecause();
  const looking = setInterval(() => {
    const why = closedBecause();
    if (why === said) return;
    said = why;
    log.warn({ why: why ?? 'open again' }, why ? 'this host takes no new run' : 'this host takes runs again');
    for (const call of calls) call();
  }, LOOK_MS).unref();
  return {
    closedBecause,
    isOpen: () => closedBecause() === undefined,
    onChange: (call) => void calls.push(call),
    stop: () => clearInterval(looking),
  };
}

function spaceWanted(state: string, floor: number): string | undefined {
  const free = freeSpace(state);
  return free >= floor ? undefined : `its disk has ${saySize(free)} left, and ${saySize(floor)} are to stay free (retention.free)`;
}
