// A worker and its host's entity, over a real server.

import { Client, Connection } from '@temporalio/client';
import { DefaultLogger, Runtime } from '@temporalio/worker';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { freePort } from '../src/dev-server/ports.ts';
import type { Drained, HostCard } from '../src/domain/host.ts';
import { DRAIN, hostHealthId, UNDRAIN } from '../src/domain/names.ts';
import { type HostWatch, joinHost, watchHost } from '../src/host-state.ts';
import { type Ending, type OwnNamespace, ownNamespace } from './e2e/own-namespace.ts';

const LOOK_MS = 50;

let own: OwnNamespace;
let endControl: Ending;
const watches: HostWatch[] = [];
beforeAll(async () => {
  Runtime.install({ logger: new DefaultLogger('ERROR') });
  own = await ownNamespace('host-state');
  endControl = await own.startControl();
});
afterEach(() => {
  for (const watch of watches.splice(0)) watch.stop();
});
afterAll(() => own?.close());

const card = (host: string): HostCard => ({
  host,
  pools: ['default'],
  capacity: 2,
  version: '0.1.0',
  bootId: 'boot',
  startedAt: '2026-03-01T10:00:00.000Z',
});
const entity = (host: string) => own.client.workflow.getHandle(hostHealthId(host));

/** Resolves once the entity's memo says it. */
async function drain(host: string, why: string): Promise<void> {
  await entity(host).signal(DRAIN, why);
  await vi.waitFor(async () => expect((await entity(host).describe()).memo?.['host']).toMatchObject({ drained: { why } }), {
    timeout: 10_000,
    interval: 20,
  });
}

async function watch(host: string, changes: (Drained | undefined)[] = [], client = own.client): Promise<HostWatch> {
  const watch = await watchHost(client, host, (drained) => changes.push(drained), LOOK_MS);
  watches.push(watch);
  return watch;
}

const soon = (look: () => void) => vi.waitFor(look, { timeout: 10_000, interval: 20 });

describe('a worker that watches its host', () => {
  it('hears of a drain and of its end', async () => {
    const changes: (Drained | undefined)[] = [];
    await joinHost(own.client, card('heard'));
    const seen = await watch('heard', changes);
    expect(seen.drained()).toBeUndefined();
    await entity('heard').signal(DRAIN, { why: 'new kernel', by: 'ana' });
    const drained = { by: 'ana', why: 'new kernel', since: expect.any(String) };
    await soon(() => expect(changes).toEqual([drained]));
    expect(seen.drained()).toEqual(drained);
    await entity('heard').signal(UNDRAIN);
    await soon(() => expect(changes).toEqual([drained, undefined]));
    expect(seen.drained()).toBeUndefined();
  });

  it('knows of a drain from before its start as soon as it watches, and its own joining takes nothing back', async () => {
    await joinHost(own.client, card('before'));
    await drain('before', 'for a while');
    await joinHost(own.client, card('before'));
    expect((await watch('before')).drained()?.why).toBe('for a while');
  });

  it('takes runs where nobody ever heard of its host, and where the entity was ended by hand', async () => {
    expect((await watch('never-joined')).drained()).toBeUndefined();
    await joinHost(own.client, card('forgotten'));
    await drain('forgotten', 'no longer ours');
    const changes: (Drained | undefined)[] = [];
    await watch('forgotten', changes);
    await entity('forgotten').terminate('this host is no more');
    await soon(() => expect(changes).toEqual([undefined]));
  });

  it('keeps what it knew while the server cannot be reached', async () => {
    await joinHost(own.client, card('cut-off'));
    await drain('cut-off', 'cut off');
    const connection = await Connection.connect({ address: own.address });
    const changes: (Drained | undefined)[] = [];
    const cutOff = await watch('cut-off', changes, new Client({ connection, namespace: own.client.options.namespace }));
    const other = await watch('cut-off');
    await connection.close();
    await entity('cut-off').signal(UNDRAIN);
    await soon(() => expect(other.drained()).toBeUndefined());
    expect(cutOff.drained()?.why).toBe('cut off');
    expect(changes).toEqual([]);
  });

  it('hears nothing more once it is stopped', async () => {
    await joinHost(own.client, card('stopped'));
    const changes: (Drained | undefined)[] = [];
    const stopped = await watch('stopped', changes);
    const other = await watch('stopped');
    stopped.stop();
    await drain('stopped', 'too late');
    await soon(() => expect(other.drained()).toBeDefined());
    expect(changes).toEqual([]);
  });

  it('starts where no server is, after some seconds, as a host that takes runs', async () => {
    const connection = Connection.lazy({ address: `127.0.0.1:${await freePort()}` });
    const watching = await watch('alone', [], new Client({ connection }));
    expect(watching.drained()).toBeUndefined();
    await connection.close();
  });
});

describe('a host that joins while no control worker is up', () => {
  it('is on record at once, and its drain is read later', async () => {
    await endControl();
    await joinHost(own.client, card('early'));
    expect((await entity('early').describe()).memo?.['host']).toEqual({ card: card('early') });
    await entity('early').signal(DRAIN, 'early');
    const changes: (Drained | undefined)[] = [];
    expect((await watch('early', changes)).drained()).toBeUndefined();
    endControl = await own.startControl();
    await soon(() => expect(changes.map((drained) => drained?.why)).toEqual(['early']));
  });
});
