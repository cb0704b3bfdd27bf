// What a worker that takes runs has beside its queues: the host for itself, free supervisors, seats, the gate before its
// queues, and an eye on runs that nobody answers for.

import type { Deps, HostDeps } from './activities/deps.ts';
import { createOrphans, findOrphans } from './activities/orphans.ts';
import { isTakenOut } from './activities/taken-out.ts';
import { CAUSES } from './domain/blame.ts';
import { sayPaused } from './domain/health-state.ts';
import { saySize } from './domain/size.ts';
import { createClaims } from './host/claims.ts';
import { freeSpace } from './host/free-space.ts';
import { bootId } from './host/process-tree.ts';
import { createSeats, type Seats } from './host/seats.ts';
import { stateId } from './host/state-dir.ts';
import { createSupervisors } from './host/supervisors.ts';
import { startRecovery } from './host-recovery.ts';
import { joinHost, watchHost } from './host-state.ts';
import { startJanitor } from './janitor.ts';
import type { Gate } from './run-slots.ts';
import { VERSION } from './version.ts';

/** A run elsewhere waits while this host says no, so it looks often enough to say yes again soon. */
const LOOK_MS = 5000;

export interface HostRuntime {
  readonly deps: HostDeps;
  readonly gate: Gate;
  /** Runs that live on are left to the next worker. Resolves when nothing here works any more. */
  close(): Promise<void>;
}

/** Before the first poll: every run that an earlier worker left is found, living ones have their seats. */
export async function openHost(deps: Deps, offer: { readonly pools: readonly string[]; readonly capacity: number }): Promise<HostRuntime> {
  const seats = createSeats(offer.capacity);
  const startedAt = new Date().toISOString();
  await joinHost(deps.client, {
    host: deps.host,
    pools: offer.pools,
    capacity: offer.capacity,
    version: VERSION,
    bootId: bootId(),
    startedAt,
  });
  const gate = await watchGate(deps, seats);
  const host: HostDeps = {
    ...deps,
    stateId: await stateId(deps.state),
    seats,
    claims: createClaims(),
    supervisors: createSupervisors(deps.state),
    closedBecause: gate.closedBecause,
    programs: new Set(),
    leave: (dir) => orphans.see(dir),
  };
  const orphans = createOrphans(host, deps.config.timing.heartbeatMs / 3);
  for (const dir of await findOrphans(host)) orphans.see(dir);
  const recovery = startRecovery(host, deps.config.thresholds.recheckMs);
  const janitor = startJanitor({ state: deps.state, client: deps.client, retention: deps.config.retention, log: deps.log });
  return {
    deps: host,
    gate,
    close: async () => {
      gate.stop();
      host.supervisors.close();
      await Promise.all([orphans.stop(), janitor.stop(), recovery.stop()]);
    },
  };
}

interface WatchedGate extends Gate {
  closedBecause(): string | undefined;
  stop(): void;
}

/** Shut while a person has taken the host out, while it is held to be ill, and while its disk is short of space or not there. */
async function watchGate({ client, host, state, config, health, log }: Deps, seats: Seats): Promise<WatchedGate> {
  const calls: (() => void)[] = [];
  const closedBecause = () => drainedBecause() ?? illBecause() ?? spaceMissing(state, config.retention.freeBytes);
  let said: string | undefined;
  let isOut = false;
  let stopped = false;
  const own = () => health.ill().find(({ scope }) => scope.kind === 'host' && scope.name === host)?.health;
  const illBecause = () => {
    const { paused, breaker } = own() ?? {};
    if (paused) return sayPaused(paused);
    return isOut && breaker?.phase === 'open'
      ? `${CAUSES[breaker.incident.cause].when} (${breaker.incident.tasks.slice(0, 5).join(', ')}); it comes back by its self-test`
      : undefined;
  };
  /** Where too many hosts are held to be ill, this one stays in. */
  const lookAtItself = async () => {
    isOut = own()?.breaker.phase === 'open' && (await isTakenOut(client, host, health.ill())).out;
    sayChange();
  };
  const drainedBecause = () => {
    const drained = watch.drained();
    return drained && `it was drained by ${drained.by}: ${drained.why}`;
  };
  const sayChange = () => {
    // A look that was under way may be answered when the host is closed, and its folder gone.
    if (stopped) return;
    const why = closedBecause();
    if (why === said) return;
    said = why;
    log.warn({ why: why ?? 'open again' }, why ? 'this host takes no new run' : 'this host takes runs again');
    for (const call of calls) call();
  };
  const watch = await watchHost(client, host, sayChange, LOOK_MS);
  // A host that is ill does not poll after its restart either; nobody to ask is no reason not to.
  await health.look().catch(() => undefined);
  await lookAtItself();
  health.onLook(() => {
    lookAtItself().catch((error) => log.error({ error: String(error) }, 'whether this host is to take runs could not be told'));
  });
  const looking = setInterval(sayChange, LOOK_MS).unref();
  return {
    closedBecause,
    // A host that comes back takes one run, and then as many as it has seats for.
    isOpen: () => said === undefined && (own()?.breaker.phase !== 'half_open' || seats.taken().length === 0),
    onChange: (call) => void calls.push(call),
    stop: () => {
      stopped = true;
      watch.stop();
      clearInterval(looking);
    },
  };
}

/** Without its folder, a run would leave nothing that the next worker could go on from. */
function spaceMissing(state: string, floor: number): string | undefined {
  let free: number;
  try {
    free = freeSpace(state);
  } catch (error) {
    const { code = String(error) } = error as NodeJS.ErrnoException;
    return `its state folder ${state} cannot be looked at (${code}): put it back, or start the worker anew`;
  }
  return free >= floor ? undefined : `its disk has ${saySize(free)} left, and ${saySize(floor)} are to stay free (retention.free)`;
}
