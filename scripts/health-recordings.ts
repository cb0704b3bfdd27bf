// Which histories of entities are recorded: what hosts and people send, and how far the entity must be with it.

import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import { DEFAULT_RULES, type HealthEvent, type HealthRules } from '../src/domain/health-rules.ts';
import { type Health, incidentOf } from '../src/domain/health-state.ts';
import { type HostState, memoKey, readHostState } from '../src/domain/host.ts';
import { ADMIT, CLOSE_BY_HAND, DRAIN, healthId, hostHealthId, OPEN_BY_HAND, REPORTED, UNDRAIN } from '../src/domain/names.ts';
import { type Scope, type ScopeKind, sayScope } from '../src/domain/scope.ts';
import { signalHealth } from '../src/health-entity.ts';
import { joinHost } from '../src/host-state.ts';

export interface HealthRecording {
  /** Of the recording, and of what the entity is about. */
  readonly name: string;
  readonly kind: ScopeKind;
  act(client: Client, host: string): Promise<void>;
}

export const healthRecordings: readonly HealthRecording[] = [
  { name: 'health-drained', kind: 'host', act: drainAndBack },
  { name: 'health-continued', kind: 'host', act: goOnAnew },
  { name: 'health-incident', kind: 'provider', act: fallIllAndRecover },
  { name: 'health-other-value', kind: 'credential', act: otherValues },
];

export const healthRecordingId = ({ kind, name }: HealthRecording): string => healthId(sayScope({ kind, name }));

/** Opened by five tasks, told to people, tried in vain, released by waves, then held and let go by a person. */
async function fallIllAndRecover(client: Client, name: string): Promise<void> {
  const { entity, report, seen } = reporting(client, { kind: 'provider', name }, { coolDownMs: 200, maxCoolDownMs: 400, waveMs: 300 });
  const phase = (wanted: string) => seen(({ breaker }) => breaker.phase === wanted);
  const strike = (task: string, k: number): Partial<HealthEvent> => ({ task, host: `h${k % 2}`, cause: 'provider_fails', evidence: '529' });
  await report(...['a', 'b', 'c', 'd', 'e'].map(strike));
  await phase('half_open');
  await entity.executeUpdate(ADMIT, { args: [{ task: 'a', run: 2 }] });
  await entity.executeUpdate(ADMIT, { args: [{ task: 'b', run: 2 }] });
  await report({ ...strike('a', 0), run: 2 });
  await phase('open');
  await phase('half_open');
  await entity.executeUpdate(ADMIT, { args: [{ task: 'b', run: 2 }] });
  await report({ task: 'b', run: 2, verdict: 'answered' });
  await phase('closed');
  await entity.signal(OPEN_BY_HAND, { why: 'maintenance', by: 'ann' });
  await entity.signal(CLOSE_BY_HAND, { why: 'done', by: 'ann' });
  await entity.signal(REPORTED, 'nonsense');
  await sleep(500);
}

/** One host after the other has another value: the first one never had the one that is not valid. */
async function otherValues(client: Client, name: string): Promise<void> {
  const { report, seen } = reporting(client, { kind: 'credential', name });
  await report({ cause: 'credential_invalid', evidence: 'GET /v1/models answers 401' });
  await seen(({ told }) => told);
  await report({ task: '', run: 0, host: 'h2', verdict: 'gone' });
  await seen(({ breaker }) => incidentOf(breaker)?.others?.includes('h2'));
  await report({ task: '', run: 0, verdict: 'gone' });
  await seen(({ breaker }) => breaker.phase === 'closed');
  await sleep(500);
}

/** `seen` resolves once the entity's memo is so. */
function reporting(client: Client, scope: Scope, more: Partial<HealthRules> = {}) {
  const entity = client.workflow.getHandle(healthId(sayScope(scope)));
  const rules = { ...DEFAULT_RULES[scope.kind], ...more };
  const report = (...events: readonly Partial<HealthEvent>[]) => {
    const whole = events.map((event) => ({ task: 'a', run: 1, host: 'h1', atMs: Date.now(), verdict: 'strike', ...event }));
    return signalHealth(client, scope, REPORTED, { rules, events: whole });
  };
  const seen = async (holds: (health: Health) => unknown) => {
    for (;;) {
      const { health } = readHostState((await entity.describe().catch(() => undefined))?.memo?.[memoKey(scope.kind)]);
      if (health && holds(health)) return;
      await sleep(20);
    }
  };
  return { entity, report, seen };
}

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
