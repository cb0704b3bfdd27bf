// The entity of a host on a real server: what its memo says, what it survives.

import type { WorkflowHandle } from '@temporalio/client';
import { DefaultLogger, Runtime } from '@temporalio/worker';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { HEALTH_REFUSED, type HostCard, type HostState, readHostState } from '../../src/domain/host.ts';
import { CONTROL_QUEUE, DRAIN, HEALTH_WORKFLOW, hostHealthId, JOINED, UNDRAIN } from '../../src/domain/names.ts';
import { joinHost } from '../../src/host-state.ts';
import { type OwnNamespace, ownNamespace } from '../e2e/own-namespace.ts';

let own: OwnNamespace;
beforeAll(async () => {
  Runtime.install({ logger: new DefaultLogger('ERROR') });
  own = await ownNamespace('health');
  await own.startControl();
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

async function joined(host: string): Promise<WorkflowHandle> {
  await joinHost(own.client, card(host));
  return own.client.workflow.getHandle(hostHealthId(host));
}

const memoOf = async (handle: WorkflowHandle): Promise<HostState> => readHostState((await handle.describe()).memo?.['host']);

const until = (handle: WorkflowHandle, holds: (state: HostState) => boolean): Promise<HostState> =>
  vi.waitFor(
    async () => {
      const state = await memoOf(handle);
      return holds(state) ? state : Promise.reject(new Error(`not yet: ${JSON.stringify(state)}`));
    },
    { timeout: 10_000, interval: 20 },
  );

async function detailsOf(handle: WorkflowHandle): Promise<string> {
  const metadata = await handle.query<{ currentDetails?: string }>('__temporal_workflow_metadata');
  return metadata.currentDetails ?? '';
}

describe('the entity of a host', () => {
  it('is made by the first join, and takes every later one', async () => {
    const handle = await joined('twice');
    const { runId } = await handle.describe();
    await joinHost(own.client, { ...card('twice'), capacity: 8 });
    expect(await until(handle, (state) => state.card?.capacity === 8)).toEqual({ card: { ...card('twice'), capacity: 8 } });
    expect((await handle.describe()).runId).toBe(runId);
  });

  it('says in its memo who drained the host and why, and stays so when the host starts again', async () => {
    const handle = await joined('drained');
    await handle.signal(DRAIN, { why: 'new kernel', by: 'ana' });
    const drained = { by: 'ana', why: 'new kernel', since: expect.any(String) };
    expect(await until(handle, (state) => state.drained !== undefined)).toEqual({ card: card('drained'), drained });
    await joinHost(own.client, { ...card('drained'), capacity: 3 });
    expect(await until(handle, (state) => state.card?.capacity === 3)).toMatchObject({ drained });
    await handle.signal(UNDRAIN, {});
    expect(await until(handle, (state) => state.drained === undefined)).toEqual({ card: { ...card('drained'), capacity: 3 } });
  });

  it('tells a person in the Web UI the same', async () => {
    const handle = await joined('told');
    await handle.signal(DRAIN, 'too hot');
    await until(handle, (state) => state.drained !== undefined);
    expect(await detailsOf(handle)).toContain('**Drained** by somebody');
    expect(await (await handle.describe()).staticSummary()).toBe('host told');
  });

  it('counts a signal that it cannot read, and goes on', async () => {
    const handle = await joined('hostile');
    await handle.signal(DRAIN, { why: ['a', 'list'] });
    await handle.signal(JOINED, 'I am here');
    expect(await until(handle, (state) => state.refused?.count === 2)).toMatchObject({ card: card('hostile') });
    await handle.signal(DRAIN, 'still listening');
    await until(handle, (state) => state.drained !== undefined);
  });

  it('writes nothing where a signal changes nothing', async () => {
    const handle = await joined('quiet');
    await handle.signal(DRAIN, 'once');
    const { drained } = await until(handle, (state) => state.drained !== undefined);
    await handle.signal(DRAIN, 'twice');
    await handle.signal(UNDRAIN, 7);
    expect(await until(handle, (state) => state.refused !== undefined)).toMatchObject({ drained });
    const written = (await handle.fetchHistory()).events?.filter((event) => event.workflowPropertiesModifiedEventAttributes);
    // The join, the drain and the refusal; signals that come at once are written at once.
    expect(written?.length).toBeLessThanOrEqual(3);
  });

  it('refuses an input that is none with a typed failure, instead of being blocked for ever', async () => {
    const start = (workflowId: string, sent: unknown) =>
      own.client.workflow.execute(HEALTH_WORKFLOW, { workflowId, taskQueue: CONTROL_QUEUE, args: [sent] });
    const refused = { cause: { type: HEALTH_REFUSED } };
    await expect(start('health/host/x', { v: 9 })).rejects.toMatchObject(refused);
    await expect(start('health/x', { v: 1, scope: 'host', name: 'x' })).rejects.toMatchObject(refused);
  });

  it('goes on in a new execution when its history grows long, with its state and its memo', async () => {
    const handle = await joined('old');
    await handle.signal(DRAIN, { why: 'new disk', by: 'ana' });
    const { runId: first } = await handle.describe();
    // The server suggests it at 4 MiB, and takes it while no other signal comes in.
    for (let sent = 1; (await handle.describe()).runId === first; sent += 1) {
      await handle.signal(DRAIN, { why: 'x'.repeat(500_000) });
      await until(handle, ({ refused }) => refused?.count === sent);
    }
    const kept = { card: card('old'), refused: { count: expect.any(Number), last: expect.stringContaining('"why" must be') } };
    expect(await memoOf(handle)).toEqual({ ...kept, drained: { by: 'ana', why: 'new disk', since: expect.any(String) } });
    await handle.signal(UNDRAIN);
    expect(await until(handle, ({ drained }) => drained === undefined)).toEqual(kept);
    expect(await detailsOf(handle)).toContain('Takes runs');
  });
});
