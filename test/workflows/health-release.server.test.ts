// How the entity of a provider lets go of who waits for it; a real server, and activities that say what they were asked.

import { DefaultLogger, Runtime } from '@temporalio/worker';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { Released, ReleaseInput } from '../../src/domain/contract.ts';
import { DEFAULT_RULES, type HealthEvent } from '../../src/domain/health-rules.ts';
import type { Health } from '../../src/domain/health-state.ts';
import { readHostState } from '../../src/domain/host.ts';
import { ADMIT, CLOSE_BY_HAND, CONTROL_QUEUE, healthId, OPEN_BY_HAND, REPORTED } from '../../src/domain/names.ts';
import { type Scope, sayScope } from '../../src/domain/scope.ts';
import { signalHealth } from '../../src/health-entity.ts';
import { type OwnNamespace, ownNamespace } from '../e2e/own-namespace.ts';

let own: OwnNamespace;
const asked: ReleaseInput[] = [];
/** What each look at who waits is told; none at all when they are used up. */
let waiting: number[] = [];
beforeAll(async () => {
  Runtime.install({ logger: new DefaultLogger('ERROR') });
  own = await ownNamespace('health-release');
  await own.startControl();
  await own.startPoller(CONTROL_QUEUE, 'control', {
    audience: async () => ({ channels: 0, owner: 'operators' }),
    release: async (input: ReleaseInput): Promise<Released> => {
      asked.push(input);
      return { tasks: waiting.shift() ?? 0 };
    },
  });
});
afterAll(() => own?.close());

const rules = { ...DEFAULT_RULES.provider, coolDownMs: 100, maxCoolDownMs: 100, waveMs: 1000 };
const soon = <T>(look: () => Promise<T>) => vi.waitFor(look, { timeout: 10_000, interval: 20 });
const provider = (name: string): Scope => ({ kind: 'provider', name });
const entity = (scope: Scope) => own.client.workflow.getHandle(healthId(sayScope(scope)));
const memoOf = async (scope: Scope): Promise<Health | undefined> => readHostState((await entity(scope).describe()).memo?.['health']).health;
const asksOf = (scope: Scope) => asked.filter((input) => input.scope === sayScope(scope)).map(({ most }) => most ?? 'all');
const report = (scope: Scope, events: readonly Partial<HealthEvent>[]) =>
  signalHealth(own.client, scope, REPORTED, {
    rules,
    events: events.map((event) => ({ task: 'a', run: 1, host: 'h1', atMs: Date.now(), verdict: 'strike', ...event })),
  });

describe('the end of an incident', () => {
  it('wakes everybody who waits, and again who came too late, until nobody stands there', async () => {
    const scope = provider('swept');
    await report(scope, [{ verdict: 'neutral' }]);
    await entity(scope).signal(OPEN_BY_HAND, { why: 'maintenance', by: 'ann' });
    await soon(async () => expect((await memoOf(scope))?.paused).toBeDefined());
    waiting = [7, 2];
    await entity(scope).signal(CLOSE_BY_HAND, { why: 'over', by: 'ann' });
    await soon(async () => expect(asksOf(scope)).toEqual(['all', 'all', 'all']));
    expect(waiting).toEqual([]);
  });

  it('wakes no more than a wave has room for; its memo says which wave it is, and not who has passed', async () => {
    const scope = provider('waved');
    await report(
      scope,
      ['a', 'b', 'c', 'd', 'e'].map((task, n) => ({ task, host: `h${n % 2}`, cause: 'provider_fails' })),
    );
    const pass = async (task: string) => {
      await soon(async () => expect(await entity(scope).executeUpdate(ADMIT, { args: [{ task, run: 2 }] })).toMatchObject({ slot: true }));
      await report(scope, [{ task, run: 2, verdict: 'answered' }]);
    };
    await soon(async () => expect((await memoOf(scope))?.breaker.phase).toBe('half_open'));
    for (const task of ['a', 'b', 'c']) await pass(task);
    await soon(async () => expect((await memoOf(scope))?.breaker).toMatchObject({ phase: 'half_open', wave: { n: 2, slots: [] } }));
    // Nobody comes, so that wave is the last.
    await soon(async () => expect((await memoOf(scope))?.breaker.phase).toBe('closed'));
    await soon(async () => expect(asksOf(scope).at(-1)).toBe('all'));
    const [first, ...later] = asksOf(scope).slice(0, -1);
    expect(first).toBe(1);
    // Who came by itself has a place too.
    for (const [wave, most] of later.entries()) expect(most).toBeLessThanOrEqual(2 ** (wave + 1));
  });
});
