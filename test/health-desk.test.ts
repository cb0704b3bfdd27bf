// What a worker tells the entities and hears of them. The server is a stand-in, because what is looked at is time: a batch
// a second, a look every few, an answer that is minutes old.

import type { Client } from '@temporalio/client';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type Breaker, WELL } from '../src/domain/health.ts';
import type { HealthReport } from '../src/domain/health-form.ts';
import { DEFAULT_RULES } from '../src/domain/health-rules.ts';
import type { Health } from '../src/domain/health-state.ts';
import { healthId, scopeOfHealthId } from '../src/domain/names.ts';
import { type Scope, sayScope } from '../src/domain/scope.ts';
import { createHealthDesk, type HealthDesk } from '../src/health-desk.ts';
import type { Log } from '../src/log.ts';
import { DEFAULT_THRESHOLDS } from '../src/schema/thresholds-schema.ts';

const MINUTE_MS = 60_000;
const LONG = 8e15;
const rules = DEFAULT_RULES.provider;
const openai: Scope = { kind: 'provider', name: 'openai' };
const main: Scope = { kind: 'credential', name: 'main@0123456789ab' };
const strike = { task: 'a', run: 1, host: 'h1', verdict: 'strike', cause: 'provider_fails' } as const;
const good = { task: 'a', run: 1, host: 'h1', verdict: 'good' } as const;
const run = { task: 'a', run: 2 };

const incident = {
  sinceMs: 0,
  cause: 'provider_fails',
  count: 5,
  tasks: ['a'],
  hosts: ['h1'],
  evidence: [],
  tries: 0,
} as const;
const open = (untilMs: number): Breaker => ({ phase: 'open', incident, untilMs, cooled: { openings: 1, lastMs: 0 } });
const halfOpen: Breaker = { phase: 'half_open', incident, wave: { n: 0, sinceMs: 0, slots: [] }, cooled: { openings: 1, lastMs: 0 } };
const byHand: Health = { breaker: WELL, rules, paused: { by: 'ana', why: 'maintenance', since: '2026-03-01T10:00:00.000Z' } };

/** What the server knows and was sent. */
class Server {
  readonly sent: { readonly scope: string; readonly report: HealthReport }[] = [];
  readonly asked: string[] = [];
  readonly health = new Map<string, Health>();
  looks = 0;
  reads = 0;
  isAway = false;
  admits = true;
  /** Undefined: at once. Of an entity whose worker has lost it: not before somebody lets go. */
  answer: Promise<void> | undefined;

  set(scope: Scope, breaker: Breaker): void {
    this.health.set(sayScope(scope), { breaker, rules });
  }

  readonly client = {
    withDeadline: (_: number, call: () => unknown) => call(),
    workflow: {
      list: () => this.list(),
      signalWithStart: async (_: string, { workflowId, signalArgs }: { workflowId: string; signalArgs: [HealthReport] }) => {
        if (this.isAway) throw new Error('no server');
        this.sent.push({ scope: workflowId, report: signalArgs[0] });
      },
      getHandle: (workflowId: string) => ({
        describe: async () => {
          if (this.isAway) throw new Error('no server');
          this.reads += 1;
          const health = this.health.get(scopeOfHealthId(workflowId));
          return { status: { name: 'RUNNING' }, memo: { health: { health } } };
        },
        executeUpdate: async () => {
          if (this.isAway) throw new Error('no server');
          this.asked.push(workflowId);
          await this.answer;
          return this.admits ? { admitted: true, slot: true } : { admitted: false, because: 'one run tries it', retryMs: 1 };
        },
      }),
    },
  } as unknown as Client;

  private async *list() {
    this.looks += 1;
    if (this.isAway) throw new Error('no server');
    for (const [scope, health] of this.health) yield { workflowId: healthId(scope), memo: { health: { health } } };
  }
}

const quiet = { debug: () => undefined, warn: () => undefined } as unknown as Log;
let server: Server;
let desk: HealthDesk;
beforeEach(async () => {
  vi.useFakeTimers();
  server = new Server();
  desk = createHealthDesk(server.client, DEFAULT_THRESHOLDS, quiet);
  await vi.advanceTimersByTimeAsync(1);
});
afterEach(async () => {
  server.isAway = false;
  await desk.stop();
  vi.useRealTimers();
});

/** Every look is made anew within this. */
const aLook = () => vi.advanceTimersByTimeAsync(DEFAULT_THRESHOLDS.lookMs * 1.25);
const verdicts = () => server.sent.map(({ report }) => report.events.map(({ verdict }) => verdict));

describe('reports', () => {
  it('go out once a second for each scope, whatever came in', async () => {
    for (const task of ['a', 'b', 'c']) desk.report(openai, { ...strike, task });
    desk.report(main, { ...strike, cause: 'rate_limited' });
    expect(server.sent).toEqual([]);
    await vi.advanceTimersByTimeAsync(1000);
    expect(server.sent.map(({ scope, report }) => [scope, report.events.length])).toEqual([
      ['health/provider/openai', 3],
      ['health/credential/main@0123456789ab', 1],
    ]);
  });

  it('of good ends are kept back while nothing speaks against the scope, and tell for ten minutes after something did', async () => {
    desk.report(openai, good);
    await vi.advanceTimersByTimeAsync(2000);
    expect(server.sent).toEqual([]);
    desk.report(openai, strike);
    desk.report(openai, good);
    await vi.advanceTimersByTimeAsync(2000);
    expect(verdicts()).toEqual([['strike', 'good']]);
    await vi.advanceTimersByTimeAsync(11 * MINUTE_MS);
    desk.report(openai, good);
    await vi.advanceTimersByTimeAsync(2000);
    expect(server.sent).toHaveLength(1);
  });

  it('wait for a server that is away, and lose nothing', async () => {
    server.isAway = true;
    desk.report(openai, strike);
    await vi.advanceTimersByTimeAsync(5000);
    desk.report(openai, { ...strike, task: 'b' });
    server.isAway = false;
    await vi.advanceTimersByTimeAsync(2000);
    expect(server.sent.flatMap(({ report }) => report.events.map(({ task }) => task))).toEqual(['a', 'b']);
  });

  it('go out before it stops', async () => {
    desk.report(openai, strike);
    await desk.stop();
    expect(verdicts()).toEqual([['strike']]);
  });
});

describe('a look', () => {
  it('comes soon after a strike went out, however many follow', async () => {
    await aLook();
    const before = server.looks;
    for (let second = 0; second < 8; second += 1) {
      desk.report(openai, { ...strike, task: `t${second}` });
      await vi.advanceTimersByTimeAsync(1000);
    }
    expect(server.looks - before).toBeGreaterThanOrEqual(3);
  });

  it('that was not answered for five minutes says nothing about anybody', async () => {
    server.set(openai, open(LONG));
    await aLook();
    expect(desk.ill()).toHaveLength(1);
    server.isAway = true;
    await vi.advanceTimersByTimeAsync(4 * MINUTE_MS);
    expect(desk.ill()).toHaveLength(1);
    expect(await desk.admit([openai], run)).toMatchObject({ admitted: false });
    await vi.advanceTimersByTimeAsync(2 * MINUTE_MS);
    expect(desk.ill()).toEqual([]);
    expect(await desk.admit([openai], run)).toEqual({ admitted: true });
  });
});

describe('whether a run may start', () => {
  it('is read of each scope, and nobody is asked for a slot where everything is well, nor where nobody may', async () => {
    expect(await desk.admit([main, openai], run)).toEqual({ admitted: true });
    expect(server.reads).toBe(2);
    server.set(openai, open(LONG));
    await aLook();
    expect(await desk.admit([main, openai], run)).toMatchObject({
      admitted: false,
      scope: openai,
      because: expect.stringContaining('provider'),
    });
    server.health.set(sayScope(main), byHand);
    await aLook();
    expect(await desk.admit([main, openai], run)).toEqual({
      admitted: false,
      scope: main,
      because: 'ana holds it shut: maintenance',
      unasked: false,
    });
    expect(server.asked).toEqual([]);
  });

  it('is known as soon as it changes, whatever the newest look says', async () => {
    await aLook();
    server.set(openai, open(LONG));
    expect(await desk.admit([openai], run)).toMatchObject({ admitted: false });
    server.set(openai, WELL);
    expect(await desk.admit([openai], run)).toEqual({ admitted: true });
  });

  it('is what the newest look says, where it cannot be read', async () => {
    server.set(openai, open(LONG));
    await aLook();
    server.isAway = true;
    expect(await desk.admit([openai], run)).toMatchObject({ admitted: false });
    expect(await desk.admit([main], run)).toEqual({ admitted: true });
  });

  it.each([
    ['half open', halfOpen],
    ['cooled down, by the clock of this host', open(0)],
  ])('is asked of the entity where it is %s', async (_, breaker) => {
    server.set(openai, breaker);
    await aLook();
    expect(await desk.admit([openai], run)).toEqual({ admitted: true });
    server.admits = false;
    expect(await desk.admit([openai], { ...run, run: 3 })).toEqual({
      admitted: false,
      scope: openai,
      because: 'one run tries it',
      unasked: false,
    });
    server.isAway = true;
    expect(await desk.admit([openai], { ...run, run: 4 })).toMatchObject({ unasked: true });
    // It may have been given a slot all the same.
    server.isAway = false;
    await vi.advanceTimersByTimeAsync(1000);
    expect(server.sent.flatMap(({ report }) => report.events)).toMatchObject([{ task: 'a', run: 4, verdict: 'neutral' }]);
  });

  it('is asked by one run at a time where nobody answers, and after five minutes of that it may', async () => {
    server.set(openai, halfOpen);
    const mayStart = (n: number) => desk.admit([openai], { ...run, run: n });
    const silence = () => {
      server.answer = Promise.reject(new Error('no answer in time'));
      server.answer.catch(() => undefined);
    };
    silence();
    expect(await mayStart(1)).toMatchObject({ admitted: false, unasked: true });
    let letGo = () => {};
    server.answer = new Promise((_, reject) => {
      letGo = () => reject(new Error('no answer in time'));
    });
    const waits = mayStart(2);
    await vi.advanceTimersByTimeAsync(1);
    expect(await mayStart(3)).toMatchObject({ admitted: false, unasked: true });
    expect(server.asked).toHaveLength(2);
    letGo();
    expect(await waits).toMatchObject({ admitted: false, unasked: true });
    await vi.advanceTimersByTimeAsync(5 * MINUTE_MS + 1);
    silence();
    expect(await mayStart(4)).toEqual({ admitted: true });
    // Whoever has an answer ends the silence.
    server.answer = undefined;
    server.admits = false;
    expect(await mayStart(5)).toMatchObject({ admitted: false, unasked: false });
    silence();
    expect(await mayStart(6)).toMatchObject({ admitted: false, unasked: true });
  });

  it('gives back the slot of one scope where another one says no', async () => {
    server.set(main, halfOpen);
    server.set(openai, open(LONG));
    await aLook();
    expect(await desk.admit([main, openai], run)).toMatchObject({ admitted: false, scope: openai });
    await vi.advanceTimersByTimeAsync(1000);
    expect(server.sent.map(({ scope, report }) => [scope, report.events.map(({ verdict }) => verdict)])).toEqual([
      ['health/credential/main@0123456789ab', ['neutral']],
    ]);
  });

  it('is followed by the word that the model has answered, once, and only where a slot is held', async () => {
    server.set(openai, halfOpen);
    await aLook();
    await desk.admit([openai], run);
    desk.answered(run, 'h1');
    desk.answered(run, 'h1');
    desk.answered({ ...run, run: 9 }, 'h1');
    await vi.advanceTimersByTimeAsync(1000);
    expect(verdicts()).toEqual([['answered']]);
  });

  it('is followed by how it ended, where a slot is held that no look has shown yet', async () => {
    server.set(openai, halfOpen);
    await desk.admit([openai], run);
    expect(desk.ill()).toEqual([]);
    desk.report(openai, { ...run, host: 'h1', verdict: 'good' });
    desk.report(openai, { ...run, run: 9, host: 'h1', verdict: 'good' });
    await vi.advanceTimersByTimeAsync(1000);
    expect(server.sent.flatMap(({ report }) => report.events)).toMatchObject([{ ...run, verdict: 'good' }]);
  });
});
