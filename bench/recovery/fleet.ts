// What a soak is done to: a server with a database file, an origin, one control worker and some hosts, each a process of
// its own. Everything that can be taken away from it comes back by itself.

import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Client, Connection } from '@temporalio/client';
import { type DevServer, startDevServer } from '../../src/dev-server.ts';
import { readJournal } from '../../src/host/journal.ts';
import { type ProcessIdentity, processIdentity } from '../../src/host/process-tree.ts';
import { listRunDirs, stateDir } from '../../src/host/state-dir.ts';
import { makeOrigin } from '../../test/e2e/origin.ts';
import type { Endings } from './endings.ts';
import { serveOrigin } from './http-origin.ts';
import { type KeptProcess, keepProcess } from './kept-process.ts';
import { kill, processesUnder } from './processes.ts';

export const LEASE_MS = 8000;
/** Some workers come back before their heartbeat is missed, some after it, some after the lease. */
const TIMING = `timing: {heartbeat: 4s, lease: ${LEASE_MS / 1000}s, backoff: 3s, decline: 500ms, finishPatience: 5m}\n`;

export interface Host {
  readonly id: string;
  readonly worker: KeptProcess;
  /** Where its runs are. */
  readonly state: string;
}

/** A run whose agent is at work. */
export interface LivingRun {
  readonly name: string;
  readonly agent: ProcessIdentity;
  readonly supervisor: ProcessIdentity;
}

export interface Fleet {
  /** The folder of the bare repository, and the address under which hosts reach it. */
  readonly origin: string;
  readonly originUrl: string;
  readonly client: Client;
  readonly control: KeptProcess;
  readonly hosts: readonly Host[];
  livingRuns(host: Host): Promise<LivingRun[]>;
  /** Each resolves once it is there again; undefined where it was away already. */
  stopServer(forMs: number): Promise<void> | undefined;
  hideOrigin(forMs: number): Promise<void> | undefined;
  /** Ends the workers in good order, then says what is left: living processes, folders, workers that did not end in time. */
  endWorkers(): Promise<string[]>;
}

export interface FleetSize {
  readonly folder: string;
  readonly hosts: number;
  readonly capacity: number;
  readonly progress: (line: string) => void;
  readonly atEnd: Endings['atEnd'];
}

export async function startFleet({ folder, hosts, capacity, progress, atEnd }: FleetSize): Promise<Fleet> {
  for (const name of ['logs', 'state']) mkdirSync(join(folder, name), { recursive: true });
  const origin = makeOrigin(folder);
  // When a ref moved is known afterwards, and no housekeeping forgets it.
  for (const [key, value] of [
    ['core.logAllRefUpdates', 'always'],
    ['gc.auto', '0'],
  ] as const) {
    execFileSync('git', ['--git-dir', origin, 'config', key, value]);
  }
  writeFileSync(join(folder, 'outlive.yaml'), TIMING);
  const database = { dbFile: join(folder, 'server.db'), uiPort: false, logFile: join(folder, 'logs', 'server.log'), progress } as const;
  let server: DevServer = await startDevServer(database);
  let closed = false;
  atEnd(() => {
    closed = true;
    return server.stop();
  });
  const { address } = server;
  const port = Number(address.split(':').at(-1));
  // Never closed: calls that are tried again would throw out of their timers. It ends with the process.
  const connection = await Connection.connect({ address });
  const http = await serveOrigin(origin);
  atEnd(async () => http.close());

  const start = (name: string, args: readonly string[]) => {
    const tmp = join(folder, 'tmp', name);
    mkdirSync(tmp, { recursive: true });
    const env = {
      ...process.env,
      TEMPORAL_ADDRESS: address,
      TEMPORAL_NAMESPACE: 'default',
      XDG_STATE_HOME: join(folder, 'state'),
      OUTLIVE_CONFIG: join(folder, 'outlive.yaml'),
      TMPDIR: tmp,
      no_proxy: '127.0.0.1',
    };
    const kept = keepProcess({ name, args: [outlive, 'worker', ...args], env, log: join(folder, 'logs', `${name}.log`) });
    atEnd(() => Promise.all([kept.end('SIGKILL', 0), kept.stop()]));
    return kept;
  };
  atEnd(async () => {
    for (const found of processesUnder(folder)) kill(found);
  });
  const control = start('control', ['--role', 'control']);
  const all = Array.from({ length: hosts }, (_, index): Host => {
    const id = `h${index + 1}`;
    const worker = start(id, ['--role', 'host', '--host-id', id, '--capacity', String(capacity)]);
    return { id, worker, state: stateDir(id, { XDG_STATE_HOME: join(folder, 'state') }) };
  });
  const workers = [control, ...all.map(({ worker }) => worker)];
  await Promise.all(workers.map(({ ready }) => ready));

  let serverAway = false;
  let originAway = false;
  return {
    origin,
    originUrl: http.url,
    client: new Client({ connection }),
    control,
    hosts: all,
    livingRuns,
    stopServer: (forMs) => {
      if (serverAway) return undefined;
      serverAway = true;
      return (async () => {
        await server.stop();
        await sleep(forMs);
        if (!closed) server = await startDevServer({ ...database, port });
        serverAway = false;
      })();
    },
    hideOrigin: (forMs) => {
      if (originAway) return undefined;
      originAway = true;
      http.close();
      return sleep(forMs).then(async () => {
        if (!closed) await http.open();
        originAway = false;
      });
    },
    endWorkers: async () => {
      const slow = await Promise.all(
        workers.map(async (worker) => ((await worker.stop()) ? [] : [`${worker.name} did not end within 12 s of SIGTERM`])),
      );
      return [...slow.flat(), ...(await leftProcesses(folder)), ...leftFolders(folder)];
    },
  };
}

const outlive = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));

async function livingRuns({ state }: Host): Promise<LivingRun[]> {
  const living: LivingRun[] = [];
  for (const dir of await listRunDirs(state)) {
    if (existsSync(dir.outcome)) continue;
    const read = await readJournal(dir);
    if (read.kind !== 'known' || !read.journal.entered) continue;
    const { prepared, entered } = read.journal;
    if (processIdentity(entered.agent.pid)?.startTime !== entered.agent.startTime) continue;
    living.push({ name: `${prepared.taskId}/${prepared.n}`, agent: entered.agent, supervisor: prepared.supervisor });
  }
  return living.sort((one, other) => one.name.localeCompare(other.name));
}

/** A supervisor without a run is on its way out when its worker is gone. */
const LEFT_PATIENCE_MS = 5000;

async function leftProcesses(folder: string): Promise<string[]> {
  const until = performance.now() + LEFT_PATIENCE_MS;
  for (;;) {
    const left = processesUnder(folder);
    if (left.length === 0 || performance.now() > until) return left.map(({ pid, command }) => `process ${pid}: ${command}`);
    await sleep(100);
  }
}

/** Of the temporary folders only; a host keeps the folders of its runs as long as its retention says. */
function leftFolders(folder: string): string[] {
  const tmp = join(folder, 'tmp');
  return readdirSync(tmp).flatMap((worker) => readdirSync(join(tmp, worker)).map((name) => `folder tmp/${worker}/${name}`));
}
