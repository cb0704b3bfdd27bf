// The hosts as rows: their own words from the memo of their entities, whether they poll, and which runs live there.
// Everything is the server's to tell, so a fleet is listed whose workers are all down.

import type { Connected } from '../connection.ts';
import { type Drained, type HostCard, readHostState } from '../domain/host.ts';
import {
  HEALTH_WORKFLOW,
  HOST_HEALTH,
  hostOfHealthId,
  hostOfIdentity,
  hostQueue,
  hostRunsQueue,
  poolQueue,
  versionOfIdentity,
} from '../domain/names.ts';
import { isIll } from '../health-desk.ts';
import { inParallel } from './in-parallel.ts';
import { type LivingRun, livingRuns } from './living-runs.ts';
import { type Paused, type QueueSeen, seeQueue } from './task-queues.ts';

/** `ill`: its last runs died for reasons of its own, see `outlive incidents`. `draining`: taken out, and runs still live there. `silent`: nobody polls its queue, whatever else is known of it. */
export type HostCondition = 'up' | 'ill' | 'draining' | 'drained' | 'silent';

/**
 * One entry of `outlive hosts --json`. `since`: the start of its worker; `lastSeen`: its newest poll; both ISO times.
 * `capacity` is missing where the host never said it.
 */
export interface HostRow {
  readonly id: string;
  readonly state: HostCondition;
  readonly pools: readonly string[];
  readonly capacity?: number;
  readonly running: readonly Omit<LivingRun, 'host'>[];
  readonly version?: string;
  readonly since?: string;
  readonly lastSeen?: string;
  readonly drained?: Drained;
  /** Of its queues, those that a person has paused: of its pools, and its own, through which it continues what only it keeps. */
  readonly paused?: readonly QueuePaused[];
}

export interface QueuePaused extends Paused {
  readonly queue: string;
  /** Left out for a host's own queue. */
  readonly pool?: string;
}

/** `paused` has the paused pools that no host serves, too. */
export interface HostList {
  readonly hosts: readonly HostRow[];
  readonly paused: readonly QueuePaused[];
}

/** A host as far as it is known without asking for its queues; one that never joined has no card. */
export interface KnownHost {
  readonly id: string;
  readonly pools: readonly string[];
  readonly card?: HostCard;
  readonly drained?: Drained;
  readonly isIll?: true;
}

/** What the server tells of one host. */
export interface HostFacts {
  readonly host: KnownHost;
  readonly pollers: QueueSeen['pollers'];
  readonly running: readonly LivingRun[];
  readonly paused: readonly QueuePaused[];
}

const DEFAULT_POOL = 'default';
/** An open poll is renewed about once a minute. */
const SILENT_AFTER_MS = 90_000;
const ENTITIES = `WorkflowType = '${HEALTH_WORKFLOW}' AND ExecutionStatus = 'Running' AND WorkflowId STARTS_WITH '${HOST_HEALTH}'`;

/** Every host that ever joined, by id. */
export async function knownHosts({ client }: Pick<Connected, 'client'>): Promise<readonly KnownHost[]> {
  const hosts: KnownHost[] = [];
  for await (const { workflowId, memo } of client.workflow.list({ query: ENTITIES })) {
    const { card, drained, health } = readHostState(memo?.['host']);
    hosts.push({
      id: hostOfHealthId(workflowId),
      pools: card?.pools ?? [],
      ...(card && { card }),
      ...(drained && { drained }),
      ...(health && isIll(health) && { isIll: true }),
    });
  }
  return hosts.sort(byId);
}

/** The pools that these hosts serve, and the one of a task that names none. */
export const poolsOf = (hosts: readonly KnownHost[]): readonly string[] =>
  [...new Set([DEFAULT_POOL, ...hosts.flatMap(({ pools }) => pools)])].sort();

/** `attributes`: whether search attributes can be used; `now` in epoch milliseconds. */
export async function listHosts(server: Connected, attributes: boolean, now: number): Promise<HostList> {
  const [joined, living] = await Promise.all([knownHosts(server), livingRuns(server, attributes)]);
  const pools = await seePools(server, poolsOf(joined));
  const pausedPools = pools.flatMap(({ pool, queue, seen }) => (seen.paused ? [{ queue, pool, ...seen.paused }] : []));
  const known = [...joined, ...strangers(joined, pools, living)].sort(byId);
  const facts = await inParallel(
    known,
    (host) => factsOf(server, host, living, pausedPools),
    () => true,
  );
  const ownPaused = facts.flatMap(({ paused }) => paused.filter(({ pool }) => pool === undefined));
  return { hosts: facts.map((fact) => hostRow(fact, now)), paused: [...pausedPools, ...ownPaused] };
}

async function factsOf(
  server: Connected,
  host: KnownHost,
  living: readonly LivingRun[],
  pausedPools: readonly QueuePaused[],
): Promise<HostFacts> {
  const queue = hostRunsQueue(host.id);
  const [{ pollers }, own] = await Promise.all([seeQueue(server, hostQueue(host.id)), seeQueue(server, queue)]);
  const paused = pausedPools.filter(({ pool }) => pool !== undefined && host.pools.includes(pool));
  const running = living.filter((run) => run.host === host.id);
  return { host, pollers, running, paused: own.paused ? [...paused, { queue, ...own.paused }] : paused };
}

export function hostRow({ host, pollers, running, paused }: HostFacts, now: number): HostRow {
  const { id, pools, card, drained, isIll: ill } = host;
  const newest = pollers.toSorted((a, b) => b.lastSeenMs - a.lastSeenMs)[0];
  const version = card?.version ?? versionOfIdentity(newest?.identity ?? '');
  return {
    id,
    state: stateOf(newest?.lastSeenMs, now, drained, running.length, ill === true),
    pools,
    ...(card && { capacity: card.capacity }),
    running: running.map(({ task, run, phase }) => ({ task, run, phase })),
    ...(version !== undefined && { version }),
    ...(card && { since: card.startedAt }),
    ...(newest && { lastSeen: new Date(newest.lastSeenMs).toISOString() }),
    ...(drained && { drained }),
    ...(paused.length > 0 && { paused }),
  };
}

function stateOf(seenMs: number | undefined, now: number, drained: Drained | undefined, runs: number, isIll: boolean): HostCondition {
  if (seenMs === undefined || now - seenMs > SILENT_AFTER_MS) return 'silent';
  if (!drained) return isIll ? 'ill' : 'up';
  return runs > 0 ? 'draining' : 'drained';
}

interface Pool {
  readonly pool: string;
  readonly queue: string;
  readonly seen: QueueSeen;
}

const seePools = (server: Connected, pools: readonly string[]): Promise<readonly Pool[]> =>
  inParallel(
    pools,
    async (pool) => ({ pool, queue: poolQueue(pool), seen: await seeQueue(server, poolQueue(pool)) }),
    () => true,
  );

/** Workers of a version that does not join take runs all the same: they are known by their polls and their runs. */
function strangers(joined: readonly KnownHost[], pools: readonly Pool[], living: readonly LivingRun[]): readonly KnownHost[] {
  const found = new Map<string, Set<string>>(living.map(({ host }) => [host, new Set()]));
  for (const { pool, seen } of pools)
    for (const { identity } of seen.pollers) {
      const id = hostOfIdentity(identity);
      if (id !== undefined) found.set(id, (found.get(id) ?? new Set()).add(pool));
    }
  for (const { id } of joined) found.delete(id);
  return [...found].map(([id, pools]) => ({ id, pools: [...pools] }));
}

const byId = (a: KnownHost, b: KnownHost): number => (a.id < b.id ? -1 : 1);
