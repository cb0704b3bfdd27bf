// A Temporal dev server on this machine, for `outlive up`, the demo and the tests: its binary found or made
// (DESIGN §7), its flags those that make it quick, its life never longer than that of the process that started it.

import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Connection } from '@temporalio/client';
import { msToTs } from '@temporalio/common/lib/time.js';
import { type LocateOptions, locateServerBinary, type ServerBinary, type ServerSource } from './dev-server/binary.ts';
import { type GuardedServer, type ServerEnd, startGuarded } from './dev-server/guarded-server.ts';
import { freePort, isListening, isPortFree, LOOPBACK } from './dev-server/ports.ts';
import { DURATION_FORM, parseDuration } from './domain/duration.ts';

export { locateServerBinary, NoServerError, type ServerBinary, type ServerSource } from './dev-server/binary.ts';

const NAMESPACE = 'default';
/** A server with a large database file takes its time; one that has died is noticed at once. */
const READY_WITHIN_MS = 60_000;
const LOOK_MS = 25;
/** A free port can be gone by the time the server wants it. */
const PORT_TRIES = 5;
const RETENTION = '30d';

export interface StartOptions extends LocateOptions {
  /** Keeps the server's data; made on first use. Left out: everything is gone with the server. One server a file. */
  readonly dbFile?: string;
  /** Left out: a free one. */
  readonly port?: number;
  /** Of the Web UI; left out: a free one; false: no Web UI. */
  readonly uiPort?: number | false;
  /** How long closed workflows are kept. Set when the database file is made, so a later change by hand stays. */
  readonly retention?: string;
  /** Takes the server's output, appended. */
  readonly logFile?: string;
}

export interface DevServer {
  /** `host:port` of the gRPC front end. */
  readonly address: string;
  readonly namespace: string;
  /** Address for a browser; missing where the server runs without its Web UI. */
  readonly webUi?: string;
  readonly source: ServerSource;
  /** The server's own process. */
  readonly pid: number;
  /** Resolves when no process of it is left. May be called again. */
  stop(): Promise<void>;
}

interface Ports {
  readonly port: number;
  readonly uiPort: number | false;
}

/**
 * Starts a dev server and resolves once it answers. Throws NoServerError where there is no binary to be had, and an
 * Error with the server's last words where it does not come up. Ends with this process, whatever ends this process.
 */
export async function startDevServer(options: StartOptions = {}): Promise<DevServer> {
  const retentionMs = retentionToSet(options);
  await refuseTakenPorts(options);
  const binary = await locateServerBinary(options);
  if (options.dbFile) await mkdir(dirname(resolve(options.dbFile)), { recursive: true });
  const { server, ports } = await startOnPorts(binary, options);
  try {
    if (retentionMs !== undefined) await setRetention(addressOf(ports), retentionMs);
  } catch (error) {
    await server.stop();
    throw error;
  }
  return {
    address: addressOf(ports),
    namespace: NAMESPACE,
    ...(ports.uiPort === false ? {} : { webUi: `http://${LOOPBACK}:${ports.uiPort}` }),
    source: binary.source,
    pid: server.pid as number,
    stop: () => server.stop(),
  };
}

/** Asked before anything starts: on a taken port, whoever has it would answer in the new server's place. */
async function refuseTakenPorts({ port, uiPort }: StartOptions): Promise<void> {
  for (const wanted of [port, uiPort]) {
    if (!wanted || (await isPortFree(wanted))) continue;
    throw new Error(
      `Port ${wanted} is taken by another program. Choose another one; if it is a Temporal server, set TEMPORAL_ADDRESS to use it.`,
    );
  }
}

async function startOnPorts(binary: ServerBinary, options: StartOptions): Promise<{ server: GuardedServer; ports: Ports }> {
  for (let tries = 1; ; tries += 1) {
    const ports: Ports = { port: options.port ?? (await freePort()), uiPort: options.uiPort ?? (await freePort()) };
    const command = {
      binary: binary.path,
      args: serverArguments(ports, options),
      env: options.env ?? process.env,
      logFile: options.logFile,
    };
    const server = await startGuarded(command);
    const failure = await waitUntilReady(server, ports);
    if (!failure) return { server, ports };
    await server.stop();
    // Its own parts take ports too, and where one is taken it panics: the stack may be all that is left of its words.
    const lostARace = failure.tail.includes('address already in use') || failure.tail.includes('main.main()');
    if (!lostARace || tries === PORT_TRIES) throw didNotStart(binary, failure);
  }
}

function serverArguments({ port, uiPort }: Ports, { dbFile }: StartOptions): string[] {
  const dynamic = {
    // A dev server has one shard, and 20 polls a second for it: every hop would wait for a tick of 50 ms.
    'history.transferProcessorMaxPollRPS': 1000,
    'history.timerProcessorMaxPollRPS': 1000,
    // Else a timer of less than a second fires after a second.
    'history.timerProcessorMaxTimeShift': '1ms',
    'system.enableActivityEagerExecution': true,
  };
  return [
    ...['server', 'start-dev', '--ip', LOOPBACK, '--port', String(port)],
    ...(uiPort === false ? ['--headless'] : ['--ui-port', String(uiPort)]),
    // The pragmas make a file as fast as memory.
    ...(dbFile ? ['--db-filename', resolve(dbFile), '--sqlite-pragma', 'journal_mode=wal', '--sqlite-pragma', 'synchronous=normal'] : []),
    ...Object.entries(dynamic).flatMap(([key, value]) => ['--dynamic-config-value', `${key}=${JSON.stringify(value)}`]),
  ];
}

/** Undefined once the server and its Web UI answer; else how the server failed. */
async function waitUntilReady(server: GuardedServer, { port, uiPort }: Ports): Promise<ServerEnd | undefined> {
  const deadline = Date.now() + READY_WITHIN_MS;
  let lastError = 'nothing listens on its port';
  for (; Date.now() < deadline; await sleep(LOOK_MS)) {
    const end = server.ended();
    if (end) return end;
    // A connect that is refused makes gRPC wait for a second; so it is asked only when somebody listens.
    if (!(await isListening(port)) || (uiPort !== false && !(await isListening(uiPort)))) continue;
    try {
      await withConnection(addressOf({ port }), (connection) => connection.workflowService.describeNamespace({ namespace: NAMESPACE }));
      return server.ended();
    } catch (error) {
      lastError = (error as Error).message;
    }
  }
  return { because: `no answer within ${READY_WITHIN_MS / 1000} s: ${lastError}`, tail: '' };
}

/** Undefined where the server's own day, or what the file says already, is to stay. */
function retentionToSet({ dbFile, retention }: StartOptions): number | undefined {
  const retentionMs = parseDuration(retention ?? RETENTION);
  if (retentionMs === undefined) throw new Error(`The retention "${retention}" cannot be read: it is not ${DURATION_FORM}.`);
  const isNew = dbFile ? !existsSync(dbFile) : retention !== undefined;
  return isNew ? retentionMs : undefined;
}

async function setRetention(address: string, retentionMs: number): Promise<void> {
  const config = { workflowExecutionRetentionTtl: msToTs(retentionMs) };
  await withConnection(address, (connection) => connection.workflowService.updateNamespace({ namespace: NAMESPACE, config }));
}

async function withConnection<T>(address: string, use: (connection: Connection) => Promise<T>): Promise<T> {
  const connection = await Connection.connect({ address, connectTimeout: 5000 });
  try {
    return await connection.withDeadline(Date.now() + 5000, () => use(connection));
  } finally {
    await connection.close();
  }
}

function addressOf({ port }: Pick<Ports, 'port'>): string {
  return `${LOOPBACK}:${port}`;
}

function didNotStart(binary: ServerBinary, { because, tail }: ServerEnd): Error {
  const lastWords = tail.trim() ? `Its last words:\n${tail.trim().split('\n').slice(-15).join('\n')}` : 'It printed nothing.';
  return new Error(`The Temporal server ${binary.path} (${binary.source}) did not start: ${because}. ${lastWords}`);
}
