// What a worker and its host's entity tell each other: the worker that it is there and what it offers, the entity
// whether a person has taken the host out. Reading costs one describe, and needs no worker that answers.

import type { Client } from '@temporalio/client';
import type { Drained, HostCard, HostState } from './domain/host.ts';
import { JOINED } from './domain/names.ts';
import { readEntity, signalHealth } from './health-entity.ts';

const CALL_MS = 5000;

/** Puts the host's card on record; makes the entity where there is none. Rejects where the server refuses, or does not answer within 5 s. */
export async function joinHost(client: Client, card: HostCard): Promise<void> {
  // In the memo at once: such a host is listed before a control worker has read its signal.
  const state: HostState = { card };
  const scope = { kind: 'host', name: card.host } as const;
  await client.withDeadline(Date.now() + CALL_MS, () => signalHealth(client, scope, JOINED, card, { host: state }));
}

export interface HostWatch {
  /** As of the newest look that was answered; undefined where the host takes runs, or nothing is known. */
  drained(): Drained | undefined;
  /** No `onChange` after this. */
  stop(): void;
}

/**
 * Looks at the host's entity every `everyMs`, give or take a quarter. Resolves after the first look, so that a drained
 * host does not poll after its restart; `onChange` is told what changes later. A look that fails changes nothing.
 */
export async function watchHost(
  client: Client,
  host: string,
  onChange: (drained: Drained | undefined) => void,
  everyMs = 5000,
): Promise<HostWatch> {
  let known = (await look(client, host))?.drained;
  let stopped = false;
  let timer: NodeJS.Timeout;
  const lookAgain = async () => {
    const seen = await look(client, host);
    if (stopped) return;
    const before = known;
    if (seen) known = seen.drained;
    if (before?.since !== known?.since) onChange(known);
    plan();
  };
  const plan = () => {
    timer = setTimeout(lookAgain, everyMs * (0.75 + Math.random() / 2));
  };
  plan();
  return {
    drained: () => known,
    stop: () => {
      stopped = true;
      clearTimeout(timer);
    },
  };
}

/** Undefined where nobody answered. An entity that was closed by hand, or never was, says nothing of its host. */
const look = (client: Client, host: string): Promise<HostState | undefined> =>
  client.withDeadline(Date.now() + CALL_MS, () => readEntity(client, { kind: 'host', name: host })).catch(() => undefined);
