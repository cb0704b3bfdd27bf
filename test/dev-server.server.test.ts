import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { Connection } from '@temporalio/client';
import { msToTs } from '@temporalio/common/lib/time.js';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { freePort, isListening } from '../src/dev-server/ports.ts';
import { type DevServer, startDevServer } from '../src/dev-server.ts';

/** A dead process whose parent is gone counts as alive until init has reaped it, which may take its time. */
const REAPED = { timeout: 15_000 };

let root: string;
const toStop: { stop(): Promise<void> }[] = [];

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'outlive-dev-server-test-'));
});
afterEach(async () => {
  for (const server of toStop.splice(0)) await server.stop();
  await rm(root, { recursive: true, force: true });
});

async function start(options: Parameters<typeof startDevServer>[0]): Promise<DevServer> {
  const server = await startDevServer(options);
  toStop.push(server);
  return server;
}

async function withConnection<T>({ address }: { address: string }, use: (connection: Connection) => Promise<T>): Promise<T> {
  const connection = await Connection.connect({ address });
  return use(connection).finally(() => connection.close());
}

const retentionDays = (server: DevServer) =>
  withConnection(server, async (connection) => {
    const { config } = await connection.workflowService.describeNamespace({ namespace: server.namespace });
    return Number(config?.workflowExecutionRetentionTtl?.seconds) / 86_400;
  });

/** The whole group of a server's guard, the server included. */
const groupOf = (pid: number) => Number(execFileSync('ps', ['-o', 'pgid=', '-p', String(pid)], { encoding: 'utf8' }));

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

describe('a dev server', () => {
  it('answers where it says, with its Web UI, and leaves no process after stop', async () => {
    const server = await start({});
    expect(await withConnection(server, (connection) => connection.workflowService.getSystemInfo({}))).toHaveProperty('serverVersion');
    expect((await fetch(server.webUi as string)).status).toBe(200);
    const group = groupOf(server.pid);
    await Promise.all([server.stop(), server.stop()]);
    expect(isAlive(server.pid)).toBe(false);
    await expect.poll(() => isAlive(-group), REAPED).toBe(false);
    expect(await isListening(Number(server.address.split(':')[1]))).toBe(false);
  });

  it('takes the port it is given, and has no Web UI where none is wanted', async () => {
    const port = await freePort();
    const server = await start({ port, uiPort: false });
    expect(server).toMatchObject({ address: `127.0.0.1:${port}`, namespace: 'default' });
    expect(server).not.toHaveProperty('webUi');
  });

  it('keeps its data in the file for 30 days, and leaves a retention alone that somebody set later', async () => {
    const dbFile = join(root, 'made', 'outlive.db');
    const first = await start({ dbFile, uiPort: false });
    expect(await retentionDays(first)).toBe(30);
    const config = { workflowExecutionRetentionTtl: msToTs('7 days') };
    await withConnection(first, (connection) => connection.workflowService.updateNamespace({ namespace: first.namespace, config }));
    await first.stop();
    expect(await retentionDays(await start({ dbFile, uiPort: false }))).toBe(7);
  });
});

describe('the process that started the server', () => {
  /** Starts a server in a process group of its own, prints `{pid, port}`; told SIGINT, prints whether the server still listens. */
  const STARTER = `
    import { startDevServer } from ${JSON.stringify(new URL('../src/dev-server.ts', import.meta.url).href)};
    import { isListening } from ${JSON.stringify(new URL('../src/dev-server/ports.ts', import.meta.url).href)};
    const server = await startDevServer({ uiPort: false });
    const port = Number(server.address.split(':')[1]);
    process.on('SIGINT', async () => {
      console.log(JSON.stringify({ listens: await isListening(port) }));
      await server.stop();
      process.exit(0);
    });
    console.log(JSON.stringify({ pid: server.pid, port }));
    setInterval(() => undefined, 1000);`;

  async function spawnStarter() {
    const tsx = createRequire(import.meta.url).resolve('tsx');
    const starter: ChildProcess = spawn(process.execPath, ['--import', tsx, '--input-type=module', '-e', STARTER], {
      detached: true,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    toStop.push({
      stop: async () => {
        starter.kill('SIGKILL');
      },
    });
    const lines = createInterface({ input: starter.stdout as NodeJS.ReadableStream });
    const nextLine = async () => JSON.parse((await once(lines, 'line'))[0] as string);
    return { starter, nextLine, server: (await nextLine()) as { pid: number; port: number } };
  }

  it('takes the server with it when it is killed', async () => {
    const { starter, server } = await spawnStarter();
    const group = groupOf(server.pid);
    starter.kill('SIGKILL');
    await expect.poll(() => [server.pid, -group].filter(isAlive), REAPED).toEqual([]);
  });

  it('still has its server after a Ctrl-C, until it ends it itself', async () => {
    const { starter, nextLine, server } = await spawnStarter();
    const answer = nextLine();
    const ended = once(starter, 'exit');
    process.kill(-(starter.pid as number), 'SIGINT');
    expect(await answer).toEqual({ listens: true });
    await ended;
    expect(isAlive(server.pid)).toBe(false);
  });

  it('ends the server where the guard was killed', async () => {
    const server = await start({ uiPort: false });
    // The guard leads the group.
    process.kill(groupOf(server.pid), 'SIGKILL');
    await expect.poll(() => isAlive(server.pid), REAPED).toBe(false);
  });
});
