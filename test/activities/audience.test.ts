// Who is told of an incident: one page for one cause.

import { describe, expect, it } from 'vitest';
import { audience } from '../../src/activities/audience.ts';
import type { Deps } from '../../src/activities/deps.ts';
import type { Breaker } from '../../src/domain/health.ts';
import { DEFAULT_RULES } from '../../src/domain/health-rules.ts';
import { workerIdentity } from '../../src/domain/names.ts';
import { readScope, type Scope } from '../../src/domain/scope.ts';
import type { ScopeSeen } from '../../src/health-desk.ts';

const ill = (text: string, sinceMs: number, pools: readonly string[] = []): ScopeSeen => {
  const scope = readScope(text) as Scope;
  const incident = { sinceMs, cause: 'host_fails', count: 3, tasks: [], hosts: [], evidence: [], tries: 0 } as const;
  const breaker: Breaker = { phase: 'open', incident, untilMs: 1, cooled: { openings: 1, lastMs: 0 } };
  return { scope, pools, health: { breaker, rules: DEFAULT_RULES[scope.kind] } };
};

/** `polling`: the hosts that take runs of every pool. */
function depsWith(seen: readonly ScopeSeen[], polling: readonly string[] = [], fallback?: string): Deps {
  return {
    client: {
      options: { namespace: 'default' },
      withDeadline: (_: number, call: () => unknown) => call(),
      workflowService: {
        describeTaskQueue: async () => ({ pollers: polling.map((host) => ({ identity: workerIdentity(host, 7, '0.1.0') })) }),
      },
    },
    channels: ['one', 'two'],
    config: { owners: fallback === undefined ? {} : { fallback } },
    health: { look: async () => seen },
    meters: { incidentOpened: () => undefined },
    log: { warn: () => undefined },
  } as unknown as Deps;
}

describe('of an incident', () => {
  it('the fallback owner is told, through every channel', async () => {
    const deps = depsWith([ill('provider/openai', 5)], [], 'night-shift');
    expect(await audience(deps, { scope: 'provider/openai', sinceMs: 5 })).toEqual({ channels: 2, owner: 'night-shift' });
    expect((await audience(depsWith([]), { scope: 'provider/openai', sinceMs: 5 })).owner).toBe('operators');
  });

  it('of a second value of the same credential nobody is told anew, whichever opened first', async () => {
    const [first, second] = ['credential/main@aaaaaaaaaaaa', 'credential/main@bbbbbbbbbbbb'] as const;
    const quiet = (scope: string, sinceMs: number, seen: readonly ScopeSeen[]) =>
      audience(depsWith(seen), { scope, sinceMs }).then((told) => told.quiet);
    const both = [ill(first, 5), ill(second, 9)];
    expect(await quiet(first, 5, both)).toBeUndefined();
    expect(await quiet(second, 9, both)).toMatch(/credential\/main/);
    // At the very same moment just one of them speaks.
    const atOnce = [ill(first, 5), ill(second, 5)];
    expect([await quiet(first, 5, atOnce), await quiet(second, 5, atOnce)].filter((said) => said === undefined)).toHaveLength(1);
    expect(await quiet(second, 9, [ill('credential/other@aaaaaaaaaaaa', 5), ill(second, 9)])).toBeUndefined();
  });

  it('of a host nobody is told beyond the share that is taken out: then it is not the hosts', async () => {
    const hosts = ['h1', 'h2', 'h3', 'h4'];
    const all = hosts.map((host, n) => ill(`host/${host}`, n, ['default']));
    const told = await Promise.all(
      all.map(({ scope }, n) => audience(depsWith(all, [...hosts, 'h5', 'h6']), { scope: `host/${scope.name}`, sinceMs: n })),
    );
    expect(told.map(({ quiet }) => quiet === undefined)).toEqual([true, true, true, false]);
    expect(told[3]?.quiet).toMatch(/6 hosts/);
  });
});
