// What many tasks share is ill: one incident, one page, no burnt runs, and everybody goes on when it is well. Four hosts of
// one machine, real agents as processes, and a "provider" that is a file: while it is there, every agent fails.

import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { IncidentRow } from '../../src/cli/incident-list.ts';
import type { TaskStatus } from '../../src/domain/contract.ts';
import { INCIDENT } from '../../src/domain/names.ts';
import type { ScopeKind } from '../../src/domain/scope.ts';
import { outlive } from '../cli/outside.ts';
import { type SmallFleet, startSmallFleet, WORK } from './small-fleet.ts';

const CONFIG = `thresholds:
  provider: {tasks: 5, window: 10m, hosts: 2, coolDown: 1s, maxCoolDown: 2s, canary: 20s, wave: 1s}
  host: {tasks: 3, coolDown: 500ms, maxCoolDown: 1s, canary: 20s}
  look: 200ms
  recheck: 300ms
notify:
  - {command: [sh, -c, 'echo "$OUTLIVE_INCIDENT" >> "$OUTLIVE_TEST_PAGES"']}
`;
const HOSTS = ['east', 'west', 'north', 'south'];
const PATIENCE = { timeout: 60_000, interval: 100 };
const fails = (reason: string) => `printf '{"outcome":"failed","reason":"${reason}"}' > $OUTLIVE_RESULT_FILE; exit 1`;
const numbered = (name: string, count: number): string[] => Array.from({ length: count }, (_, index) => `${name}-${index + 1}`);

let fleet: SmallFleet;
/** In a folder of its own: a page that is late finds no place to be written to. */
const pagesFolder = mkdtempSync(join(tmpdir(), 'outlive-pages-'));
const pagesFile = join(pagesFolder, 'pages');
/** Only one value lets anybody in. */
const keyServer = createServer((request, response) => {
  response.writeHead(request.headers.authorization === 'Bearer the-new-value-0123456789' ? 200 : 401).end();
});
beforeAll(async () => {
  await new Promise<void>((resolve) => keyServer.listen(0, '127.0.0.1', resolve));
  process.env['OUTLIVE_TEST_PAGES'] = pagesFile;
  const url = `http://127.0.0.1:${(keyServer.address() as AddressInfo).port}/me`;
  const credentials = `credentials: {team: {env: OUTLIVE_TEST_KEY, check: {http: {url: '${url}'}}}}\n`;
  fleet = await startSmallFleet('incidents', { config: CONFIG + credentials, lease: '10s', heartbeat: '10s' });
  await Promise.all(HOSTS.map((host) => fleet.startHost(host, 'pool-a', { LC_TEST_HOST: host })));
}, 60_000);
afterAll(async () => {
  delete process.env['OUTLIVE_TEST_PAGES'];
  await fleet?.stop();
  rmSync(pagesFolder, { recursive: true, force: true });
  await new Promise((resolve) => keyServer.close(resolve));
});

const pages = (): readonly string[] => (existsSync(pagesFile) ? readFileSync(pagesFile, 'utf8').split('\n').filter(Boolean) : []);
const serverOf = () => ({ env: { TEMPORAL_ADDRESS: fleet.address, TEMPORAL_NAMESPACE: fleet.namespace, USER: 'ann' } });
const incidents = async (kind: ScopeKind): Promise<readonly IncidentRow[]> => {
  const rows = JSON.parse((await outlive(['incidents', '--json'], serverOf())).stdout) as IncidentRow[];
  return rows.filter(({ scope }) => scope.startsWith(`${kind}/`));
};
const results = (ids: readonly string[]) => Promise.all(ids.map((id) => fleet.handle(id).result()));
const statuses = (ids: readonly string[]): Promise<readonly TaskStatus[]> => Promise.all(ids.map((id) => fleet.status(id)));
const runsOf = async (ids: readonly string[]) => (await statuses(ids)).flatMap(({ runs }) => runs);

describe('a provider that fails for everybody', () => {
  it('is one incident with one page; the tasks wait, one run tries it, waves follow, and nothing is lost', {
    timeout: 120_000,
  }, async () => {
    const down = join(fleet.folder, 'provider-is-down');
    writeFileSync(down, '');
    const ids = numbered('outage', 24);
    const agent = `if [ -e ${down} ]; then ${fails('provider_overloaded')}; fi; ${WORK}`;
    await Promise.all(ids.map((id) => fleet.start(id, agent, agent, { pool: 'pool-a', limits: { runs: 8 } })));
    await vi.waitFor(async () => {
      const [row] = await incidents('provider');
      expect(row).toMatchObject({ scope: 'provider/command', cause: 'provider_fails', tasks: expect.any(Number) });
      expect(row?.waiting).toBeGreaterThanOrEqual(15);
      expect(row?.told).toBe('operators, through 1 of 1 channel');
    }, PATIENCE);
    const held = (await statuses(ids)).filter(({ hold }) => hold?.for === 'incident');
    expect(held.length).toBeGreaterThanOrEqual(15);
    expect(held[0]?.hold).toMatchObject({ incident: 'provider/command', until: expect.any(String) });
    // Long enough for canaries to fail: they are the only runs that it costs.
    await vi.waitFor(async () => expect((await incidents('provider'))[0]?.tries).toBeGreaterThanOrEqual(2), PATIENCE);
    expect((await outlive(['incidents'], serverOf())).stdout).toMatch(/provider\/command {2}(half )?open since .*task.* waiting/);
    rmSync(down);
    // The last one may have begun before.
    const tries = 1 + ((await incidents('provider'))[0]?.tries ?? 0);
    const done = await results(ids);
    expect(done.every(({ state }) => state === 'done')).toBe(true);
    // Nobody runs into it twice, but for the canaries.
    const twice = (await statuses(ids)).map(({ runs }) => Math.max(0, runs.filter(({ failure }) => failure).length - 1));
    expect(twice.reduce((sum, one) => sum + one)).toBeLessThanOrEqual(tries);
    for (const id of ids) expect(fleet.commits(id)).toHaveLength(1);
    expect(pages().filter((page) => page === 'provider/command')).toHaveLength(1);
    await vi.waitFor(async () => expect(await incidents('provider')).toEqual([]), PATIENCE);
  });
});

describe('blame', () => {
  it('falls on the task that kills its runs on every host, and on no host', { timeout: 90_000 }, async () => {
    await fleet.start('poison', 'kill -9 $$', 'kill -9 $$', { pool: 'pool-a' });
    expect((await fleet.question('poison')).text).toContain('speaks against the task, not against a host');
    expect(await incidents('host')).toEqual([]);
    await outlive(['answer', 'poison', 'close'], serverOf());
  });

  it('falls on the one host that kills every run, which takes none until it is well, and on no task', { timeout: 120_000 }, async () => {
    const sick = join(fleet.folder, 'west-is-sick');
    writeFileSync(sick, '');
    const ids = numbered('sick', 10);
    const agent = `if [ "$LC_TEST_HOST" = west ] && [ -e ${sick} ]; then kill -9 $$; fi; sleep 0.3; ${WORK}`;
    await Promise.all(ids.map((id) => fleet.start(id, agent, agent, { pool: 'pool-a' })));
    await vi.waitFor(
      async () => expect(await incidents('host')).toMatchObject([{ scope: 'host/west', cause: 'host_fails', tasks: expect.any(Number) }]),
      PATIENCE,
    );
    const done = await results(ids);
    expect(done.every(({ state }) => state === 'done')).toBe(true);
    expect((await statuses(ids)).every(({ answers, question }) => answers.length === 0 && question === undefined)).toBe(true);
    rmSync(sick);
    // It comes back by a run: some host takes each of these, and it is one of them in the end.
    let more = 0;
    await vi.waitFor(
      async () => {
        more += 1;
        await fleet.start(`after-${more}`, agent, agent, { pool: 'pool-a' });
        await fleet.handle(`after-${more}`).result();
        expect(await incidents('host')).toEqual([]);
      },
      { timeout: 60_000, interval: 100 },
    );
  });
});

describe('a person', () => {
  it('holds a provider shut, and lets everybody go on', { timeout: 90_000 }, async () => {
    const told = pages().length;
    const opened = await outlive(['incidents', 'open', 'provider/command', '--why', 'maintenance'], serverOf());
    expect(opened.stdout).toBe('provider/command is held shut: no run that needs it starts, until you close it.\n');
    const ids = numbered('shut', 3);
    await Promise.all(ids.map((id) => fleet.start(id, WORK, WORK, { pool: 'pool-a' })));
    await vi.waitFor(async () => {
      const held = { by: 'ann', why: 'maintenance', since: expect.any(String) };
      expect(await incidents('provider')).toMatchObject([{ scope: 'provider/command', state: 'held', cause: 'by_hand', waiting: 3, held }]);
    }, PATIENCE);
    expect((await outlive(['incidents'], serverOf())).stdout).toMatch(
      /provider\/command {2}held since .*, 3 tasks waiting: ann: maintenance/,
    );
    expect(
      (await statuses(ids)).every(({ runs, hold }) => runs.length === 0 || (hold?.incident === 'provider/command' && !runs[0]?.outcome)),
    ).toBe(true);
    const closed = await outlive(['incidents', 'close', 'provider/command', '--why', 'over'], serverOf());
    expect(closed.stdout).toBe('provider/command is closed: what waited for it goes on.\n');
    expect((await results(ids)).every(({ state }) => state === 'done')).toBe(true);
    expect(await incidents('provider')).toEqual([]);
    // Of what a person did, nobody is told.
    expect(pages()).toHaveLength(told);
  });

  it.each([
    [['open', 'provider/command'], /Say why/],
    [['open', 'nonsense', '--why', 'x'], /host\/NAME|scope/],
    [['close', 'provider/nobody', '--why', 'x'], /Nothing is known of provider\/nobody/],
  ])('is told what is missing: outlive incidents %j', async (args, says) => {
    const refused = await outlive(['incidents', ...args], serverOf());
    expect(refused.code).not.toBe(0);
    expect(refused.stderr).toMatch(says);
  });
});

describe('a key that was revoked', () => {
  it('is one page for two hosts and three tasks; runs go to the host where it is put right, and it is over when both have it', {
    timeout: 120_000,
  }, async () => {
    const start = (host: string, value: string) => fleet.startHost(host, 'pool-b', { OUTLIVE_TEST_KEY: value });
    const old = await Promise.all(['left', 'right'].map((host) => start(host, 'the-old-value-0123456789')));
    const ids = numbered('keyed', 3);
    const agent = `if [ "$OUTLIVE_TEST_KEY" != the-new-value-0123456789 ]; then ${fails('credential_rejected')}; fi; ${WORK}`;
    await Promise.all(ids.map((id) => fleet.start(id, agent, agent, { pool: 'pool-b', credentials: ['team'] })));
    const scope = expect.stringMatching(/^credential\/team@[0-9a-f]{12}$/);
    await vi.waitFor(async () => {
      expect(await incidents('credential')).toMatchObject([
        { scope, cause: 'credential_invalid', waiting: 3, told: expect.stringContaining('operators') },
      ]);
    }, PATIENCE);
    const [before] = await incidents('credential');
    await old[0]?.end('SIGTERM');
    await start('left', 'the-new-value-0123456789');
    expect((await results(ids)).every(({ state }) => state === 'done')).toBe(true);
    const good = (await runsOf(ids)).filter(({ outcome }) => outcome === 'finished');
    expect(new Set(good.map(({ host }) => host))).toEqual(new Set(['left']));
    // Of the host that still has the old value it holds as before.
    if ((before?.hosts ?? []).includes('right')) expect(await incidents('credential')).toMatchObject([{ hosts: ['right'] }]);
    await old[1]?.end('SIGTERM');
    await start('right', 'the-new-value-0123456789');
    await vi.waitFor(async () => expect(await incidents('credential')).toEqual([]), PATIENCE);
    expect(pages().filter((page) => page.startsWith('credential/team'))).toHaveLength(1);
  });

  it('lets runs go to a host that is new and has another value: whoever waits is woken for it', { timeout: 120_000 }, async () => {
    const start = (host: string, value: string) => fleet.startHost(host, 'pool-c', { OUTLIVE_TEST_KEY: value });
    await start('worn', 'the-worn-value-0123456789');
    const ids = numbered('moved', 3);
    await Promise.all(ids.map((id) => fleet.start(id, fails('credential_rejected'), WORK, { pool: 'pool-c', credentials: ['team'] })));
    await vi.waitFor(async () => expect(await incidents('credential')).toMatchObject([{ waiting: 3, hosts: ['worn'] }]), PATIENCE);
    await start('fresh', 'the-new-value-0123456789');
    expect((await results(ids)).every(({ state }) => state === 'done')).toBe(true);
    const good = (await runsOf(ids)).filter(({ outcome }) => outcome === 'finished');
    expect(good.map(({ host }) => host)).toEqual(['fresh', 'fresh', 'fresh']);
    for (const id of ids) {
      const woken = (await fleet.events(id)).filter(({ workflowExecutionSignaledEventAttributes: sent }) => sent?.signalName === INCIDENT);
      expect(woken).not.toEqual([]);
    }
    expect(await incidents('credential')).toMatchObject([{ hosts: ['worn'], others: expect.arrayContaining(['fresh']) }]);
    expect((await outlive(['incidents'], serverOf())).stdout).toMatch(/another value of it is on .*fresh.*, where runs may go/);
  });
});
