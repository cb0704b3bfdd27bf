// Which histories of hosts' entities are recorded: what a host and people send, and how far the entity must be with it.

import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import { type HostState, readHostState } from '../src/domain/host.ts';
import { DRAIN, hostHealthId, UNDRAIN } from '../src/domain/names.ts';
import { joinHost } from '../src/host-state.ts';

export interface HealthRecording {
  /** Of the recording, and of its host. */
  readonly name: string;
  act(client: Client, host: string): Promise<void>;
}

export const healthRecordings: readonly HealthRecording[] = [
  { name: 'health-drained', act: drainAndBack },
  { name: 'health-continued', act: goOnAnew },
];

async function drainAndBack(client: Client, host: string): Promise<void> {
  const entity = client.workflow.getHandle(hostHealthId(host));
  await join(client, host);
  await until(client, host, ({ card }) => card);
  await entity.signal(DRAIN, { why: 'new kernel', by: 'ann' });
  await until(client, host, ({ drained }) => drained);
  await entity.signal(DRAIN, 'drained already');
  await entity.signal(DRAIN, 7);
  await until(client, host, ({ refused }) => refused);
  await join(client, host);
  await entity.signal(UNDRAIN);
  await until(client, host, ({ drained }) => !drained);
}

/** The first execution is too large for a file: what is kept is the one that goes on from it. */
async function goOnAnew(client: Client, host: string): Promise<void> {
  const entity = client.workflow.getHandle(hostHealthId(host));
  await join(client, host);
  await entity.signal(DRAIN, { why: 'new disk', by: 'ann' });
  const { runId } = await entity.describe();
  // The server suggests it at 4 MiB, and takes it while no other signal comes in.
  for (let sent = 1; (await entity.describe()).runId === runId; sent += 1) {
    await entity.signal(DRAIN, { why: 'x'.repeat(500_000) });
    await until(client, host, ({ refused }) => refused?.count === sent);
  }
  await entity.signal(UNDRAIN);
  await until(client, host, ({ drained }) => !drained);
}

const join = (client: Client, host: string): Promise<void> =>
  joinHost(client, { host, pools: ['default'], capacity: 2, version: '0.1.0', bootId: 'boot', startedAt: '2026-03-01T10:00:00.000Z' });

async function until(client: Client, host: string, holds: (state: HostState) => unknown): Promise<void> {
  const entity = client.workflow.getHandle(hostHealthId(host));
  while (!holds(readHostState((await entity.describe()).memo?.['host']))) await sleep(50);
}
