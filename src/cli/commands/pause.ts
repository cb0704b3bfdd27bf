// No new runs, while living ones go on: by a limit on the queues that runs are taken from, which the server keeps and
// obeys itself. Tasks wait as queued meanwhile.

import type { Connected } from '../../connection.ts';
import { sayDuration } from '../../domain/duration.ts';
import type { Wish } from '../../domain/host.ts';
import { hostRunsQueue, poolQueue } from '../../domain/names.ts';
import { CliError, EXIT, type ExitCode } from '../errors.ts';
import { knownHosts, poolsOf } from '../host-list.ts';
import { inParallel } from '../in-parallel.ts';
import { columns, plain } from '../layout.ts';
import { sayQueue } from '../render-hosts.ts';
import type { Screen } from '../screen.ts';
import { within, withServer } from '../server.ts';
import { freeQueue, type Paused, pauseQueue, seeQueue } from '../task-queues.ts';
import { type WishOptions, wishOf } from '../wish.ts';

export interface PauseOptions extends WishOptions {
  readonly pool?: readonly string[];
  readonly undo?: boolean;
}

interface RunQueue {
  readonly queue: string;
  /** Left out for a host's own queue. */
  readonly pool?: string;
}

/** One entry of `outlive pause --json`: a queue as it is now, and whether it was otherwise before. */
interface QueueChange extends RunQueue {
  readonly changed: boolean;
  readonly paused?: Paused;
}

const ALL_QUEUES_MS = 60_000;

export function pause({ pool: pools, undo = false, ...options }: PauseOptions, screen: Screen): Promise<ExitCode> {
  const wish = wishOf(options, screen);
  return withServer(screen, (server) =>
    within(server, ALL_QUEUES_MS, async () => {
      const queues = await queuesOf(server, pools, undo);
      const changes = await inParallel(
        queues,
        (queue) => change(server, queue, undo, wish),
        () => true,
      );
      screen.give(changes);
      screen.say(sayChanges(changes, pools, undo));
      return EXIT.ok;
    }),
  );
}

/** Without a name: every pool that a host serves, and what the hosts themselves continue. */
async function queuesOf(server: Connected, pools: readonly string[] | undefined, undo: boolean): Promise<readonly RunQueue[]> {
  const hosts = await knownHosts(server);
  const known = poolsOf(hosts);
  if (!pools) return [...known.map(queueOf), ...hosts.map(({ id }) => ({ queue: hostRunsQueue(id) }))];
  for (const pool of undo ? [] : pools) {
    if (known.includes(pool) || (await seeQueue(server, poolQueue(pool))).pollers.length > 0) continue;
    throw new CliError('not_found', `No host serves the pool "${pool}", so nothing was paused. Pools are: ${known.join(', ')}.`);
  }
  return [...new Set(pools)].map(queueOf);
}

const queueOf = (pool: string): RunQueue => ({ queue: poolQueue(pool), pool });

async function change(server: Connected, queue: RunQueue, undo: boolean, wish: Wish): Promise<QueueChange> {
  const { paused } = await seeQueue(server, queue.queue);
  // Who paused first, and since when, is what people ask; a limit that is no pause is an operator's own.
  if ((paused === undefined) === undo) return { ...queue, changed: false, ...(paused && { paused }) };
  if (undo) {
    await freeQueue(server, queue.queue, wish);
    return { ...queue, changed: true };
  }
  return { ...queue, changed: true, paused: await pauseQueue(server, queue.queue, wish) };
}

function sayChanges(changes: readonly QueueChange[], pools: readonly string[] | undefined, undo: boolean): string {
  const named = pools?.map((pool) => ` --pool ${pool}`).join('') ?? '';
  const rows = changes.map((one) => [sayQueue(one), sayChange(one)]);
  const freed = changes.some(({ changed }) => changed) ? '\nWhat waits there is taken within seconds.' : '';
  const then = undo ? freed : `\nTasks wait there as queued, runs that live go on. To take it back: outlive pause --undo${named}`;
  return `${columns(rows)}${then}`;
}

function sayChange({ changed, paused }: QueueChange): string {
  if (!paused) return changed ? 'is free again' : 'was not paused';
  if (changed) return 'is paused';
  return `was paused before, by ${plain(paused.by)}, ${sayDuration(Math.max(0, Date.now() - Date.parse(paused.since)))} ago: ${plain(paused.why)}`;
}
