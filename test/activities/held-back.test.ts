// Whom a run is offered to that an incident keeps from a host.

import { describe, expect, it } from 'vitest';
import type { HostDeps } from '../../src/activities/deps.ts';
import { heldBack } from '../../src/activities/held-back.ts';
import { AGENTS } from '../../src/agents/index.ts';
import type { Declined } from '../../src/domain/contract.ts';
import { DEFAULT_RULES } from '../../src/domain/health-rules.ts';
import type { Incident } from '../../src/domain/incident.ts';
import { workerIdentity } from '../../src/domain/names.ts';
import type { RunInput } from '../../src/domain/run.ts';
import { readScope, type Scope } from '../../src/domain/scope.ts';
import type { ScopeSeen } from '../../src/health-desk.ts';
import { taskOf } from '../domain/facts.ts';

const KEY = 'credential/team@aaaaaaaaaaaa';

const ill = (text: string, more: Partial<Incident> = {}): ScopeSeen => {
  const scope = readScope(text) as Scope;
  const incident = { sinceMs: 1, cause: 'by_hand', count: 1, tasks: [], hosts: [], evidence: [], tries: 0, ...more } as const;
  return {
    scope,
    pools: [],
    health: { breaker: { phase: 'open', incident, untilMs: 1, cooled: { openings: 1, lastMs: 0 } }, rules: DEFAULT_RULES[scope.kind] },
  };
};

/** On h1; the first of what is ill shuts it out. `polling`: who takes runs of its pool. */
async function declined(seen: readonly ScopeSeen[], polling: readonly string[], look = async () => seen): Promise<Declined | undefined> {
  const [shut] = seen;
  const deps = {
    host: 'h1',
    agents: AGENTS,
    credentials: { settings: {}, env: {}, hashKey: 'key' },
    client: {
      options: { namespace: 'default' },
      withDeadline: (_: number, call: () => unknown) => call(),
      workflowService: {
        describeTaskQueue: async () => ({ pollers: polling.map((host) => ({ identity: workerIdentity(host, 7, '0.1.0') })) }),
      },
    },
    health: {
      ill: () => seen,
      look,
      admit: async () => (shut ? { admitted: false, scope: shut.scope, because: 'it is ill', unasked: false } : { admitted: true }),
    },
    meters: { held: () => undefined },
  } as unknown as HostDeps;
  const failure = await heldBack(deps, { task: taskOf(), n: 1 } as RunInput);
  return failure?.details?.[0] as Declined | undefined;
}

describe('a run that an incident keeps from a host', () => {
  it('is offered to hosts that may have another value of the credential, those first that are known to', async () => {
    const polling = ['h1', 'h2', 'h3', 'h4', 'h5', 'h6', 'h7', 'h8', 'h9'];
    const seen = [ill(KEY, { hosts: ['h1', 'h2'], others: ['h9', 'gone'] }), ill('host/h3')];
    const answer = await declined(seen, polling);
    expect(answer).toMatchObject({ why: 'incident', incident: KEY, elsewhere: true });
    expect(answer?.hosts?.[0]).toBe('h9');
    expect(answer?.hosts).toHaveLength(5);
    for (const host of ['h1', 'h2', 'h3', 'gone']) expect(answer?.hosts).not.toContain(host);
  });

  it('may go anywhere else where nobody can say which hosts there are', async () => {
    const answer = await declined([ill(KEY, { hosts: ['h1'] })], ['h2'], () => Promise.reject(new Error('no answer')));
    expect(answer).toMatchObject({ why: 'incident', elsewhere: true });
    expect(answer?.hosts).toBeUndefined();
  });

  it('is offered to nobody where it is the provider, which is ill for everybody', async () => {
    const answer = await declined([ill('provider/command')], ['h1', 'h2']);
    expect(answer).toMatchObject({ why: 'incident', incident: 'provider/command' });
    expect(answer).not.toHaveProperty('elsewhere');
    expect(answer).not.toHaveProperty('hosts');
  });

  it('is none where nothing is ill', async () => {
    expect(await declined([], ['h1'])).toBeUndefined();
  });
});
