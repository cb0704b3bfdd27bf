// Tasks that wait for the end of one incident come again by themselves, in case nobody wakes them. Ten thousand that do so
// every few minutes would keep a server busy with nothing, so the wait grows with their number.

import type { Client } from '@temporalio/client';
import { waitingFor } from '../domain/names.ts';
import type { Deps } from './deps.ts';

/** For each that waits: all of them together come at most twenty times a second. */
const SHARE_MS = 50;
const COUNT_HOLDS_MS = 10_000;

interface Counted {
  readonly atMs: number;
  readonly count: Promise<number>;
}
const counts = new WeakMap<Client, Map<string, Counted>>();

/** How long a task waits at least for the end of this scope's incident; 0 where nobody can count. */
export async function crowdHoldMs({ client, searchAttributes }: Pick<Deps, 'client' | 'searchAttributes'>, scope: string): Promise<number> {
  if (!searchAttributes) return 0;
  const known = counts.get(client) ?? new Map<string, Counted>();
  counts.set(client, known);
  let newest = known.get(scope);
  if (!newest || Date.now() - newest.atMs > COUNT_HOLDS_MS) {
    newest = { atMs: Date.now(), count: countOf(client, scope) };
    known.set(scope, newest);
  }
  return (await newest.count) * SHARE_MS;
}

const countOf = (client: Client, scope: string): Promise<number> =>
  client.workflow.count(waitingFor(scope)).then(
    ({ count }) => count,
    () => 0,
  );
