// What a run needs beside its host is away for a while: the server, the origin. Nothing is lost by it, and nothing is done twice.

import { existsSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { splitAddress } from '../../src/connection.ts';
import { type DevServer, startDevServer } from '../../src/dev-server.ts';
import { type SmallFleet, startSmallFleet, WORK } from './small-fleet.ts';
import { PATIENCE, type WatchedTask, watchTask } from './watched-task.ts';

/** Longer than the heartbeat timeout of the fleet. */
const AWAY_MS = 4000;

describe('a server that is away', () => {
  let folder: string;
  let server: DevServer;
  let fleet: SmallFleet;
  const start = (port?: number) =>
    startDevServer({ uiPort: false, dbFile: join(folder, 'server.db'), ...(port === undefined ? {} : { port }) });
  const startAgain = async () => {
    server = await start(splitAddress(server.address).port);
  };
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'outlive-outage-'));
    server = await start();
    fleet = await startSmallFleet('outage', { lease: '2m', address: server.address });
  });
  afterAll(async () => {
    await fleet?.stop();
    await server?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const oneRun = async (task: WatchedTask) => {
    expect(await task.result()).toMatchObject({ state: 'done', runs: 1, reasons: {} });
    expect(task.said('started')).toHaveLength(1);
    expect(fleet.commits(task.id)).toHaveLength(2);
    expect(await task.alive()).toEqual([]);
  };

  it('when the agent ends, for longer than a heartbeat may: the end is told when it is back, and nothing runs again', async () => {
    const task = await watchTask(fleet, 'ends-unheard');
    await task.start();
    await task.works();
    await server.stop();
    task.goOn();
    await task.reaches(['ended']);
    await new Promise((wake) => setTimeout(wake, AWAY_MS));
    await startAgain();
    await oneRun(task);
  }, 120_000);

  it('and meanwhile the worker was killed, and the next one cannot reach it at first: just so', async () => {
    const task = await watchTask(fleet, 'ends-unowned');
    await task.start();
    await task.works();
    await server.stop();
    await task.host().end('SIGKILL');
    task.goOn();
    await task.reaches(['ended']);
    // As under a service manager: a worker without a server ends, and is started again.
    await expect(task.newWorker()).rejects.toThrow(/No Temporal server answers/);
    await startAgain();
    await task.newWorker();
    await oneRun(task);
  }, 120_000);
});

describe('an origin that is away', () => {
  let fleet: SmallFleet;
  beforeAll(async () => {
    fleet = await startSmallFleet('origin-away', { lease: '1m' });
  });
  afterAll(() => fleet?.stop());

  const away = () => `${fleet.origin}.away`;
  const takeAway = 'mv $ORIGIN $ORIGIN.away';
  const bringBack = () => renameSync(away(), fleet.origin);
  const taken = () => vi.waitFor(() => expect(existsSync(away())).toBe(true), PATIENCE);
  const pending = async (id: string) => (await fleet.handle(id).describe()).raw.pendingActivities;
  const more = () => ({ env: { ORIGIN: fleet.origin }, checks: [{ argv: ['test', '-f', 'work'] }] });

  it('at the end of a good run keeps only the push waiting', async () => {
    await fleet.start('no-push', `${WORK}; ${takeAway}`, WORK, more());
    await taken();
    const lastFailure = { message: expect.stringMatching(/^the push of outlive\/no-push failed/) };
    await vi.waitFor(async () => expect(await pending('no-push')).toMatchObject([{ activityId: 'finish-2-push', lastFailure }]), PATIENCE);
    expect(await fleet.status('no-push')).toMatchObject({ state: 'finishing', runs: [{ n: 1, outcome: 'finished' }] });
    bringBack();
    expect(await fleet.handle('no-push').result()).toMatchObject({ state: 'done', runs: 1 });
    expect(fleet.commits('no-push')).toHaveLength(1);
  }, 120_000);

  it('at the end of a run that died: no next run starts without what is not banked, and then it continues from there', async () => {
    const part = 'echo part > part && git add . && git commit -qm part';
    const rest = `test -e part && ${WORK}`;
    await fleet.start('no-bank', `${part}; ${takeAway}; kill -9 $$`, rest, more());
    await taken();
    const { hold } = await vi.waitFor(async () => {
      const status = await fleet.status('no-bank');
      expect(status.hold).toBeDefined();
      return status;
    }, PATIENCE);
    expect(hold?.because).toMatch(/nobody can say yet what is there|could not be kept/);
    expect((await fleet.status('no-bank')).runs).toHaveLength(1);
    bringBack();
    expect(await fleet.handle('no-bank').result()).toMatchObject({ state: 'done', runs: 2, reasons: { 'host.killed': 1 } });
    expect(fleet.commits('no-bank')).toHaveLength(2);
  }, 120_000);
});
