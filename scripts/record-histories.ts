// Records the histories that test/workflows/replay.test.ts replays, on a real server. Run it after a change of the workflow
// that is meant (`npm run record:histories [-- NAME…]`); old files that still replay stay, because tasks that began under
// them live on. Names and paths are fixed, and a history that names this machine all the same is refused. All of them
// together take a minute and a half: a host that does not come back is given its time.

import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, hostname } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Client, Connection, Client as TemporalClient, type WorkflowHandle } from '@temporalio/client';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import { type Forge, startForge } from '../src/cli/demo/forge.ts';
import { loadConfig } from '../src/config.ts';
import { connectionOptions } from '../src/connection.ts';
import { startDevServer } from '../src/dev-server.ts';
import { CONTROL_QUEUE, TASK_WORKFLOW, taskWorkflowId } from '../src/domain/names.ts';
import type { TaskSpec } from '../src/domain/task.ts';
import { startTask } from '../src/start-task.ts';
import { runWorker } from '../src/worker.ts';
import { type Host, startHostProcess } from '../test/e2e/host-process.ts';
import { makeOrigin } from '../test/e2e/origin.ts';
import { type HealthRecording, healthRecordingId, healthRecordings } from './health-recordings.ts';
import { type OwnHosts, type Recording, recordings } from './recordings.ts';

const FOLDER = '/tmp/outlive-histories';
const ORIGIN = join(FOLDER, 'origin.git');
const OUT = new URL('../test/fixtures/histories/', import.meta.url);
const HOUSE = fileURLToPath(new URL('..', import.meta.url));
const TIMING = 'timing: {heartbeat: 2s, lease: 20s, backoff: 100ms, decline: 100ms, finishPatience: 5s}\n';
/** What nobody answers goes to somebody else, and is told of by a program that does nothing. */
const ATTENTION = "notify: [{command: ['true']}]\nowners: {fallback: on-call, remind: 30s, escalate: 3s}\n";
const THRESHOLDS = 'thresholds: {look: 100ms, recheck: 300ms}\n';
/** Of `key` the check says that it is not valid while that file is there; nothing is known of `other`. */
const REVOKED = join(FOLDER, 'revoked');
const CREDENTIALS = `credentials:
  key: {env: RECORDED_KEY, check: {command: [sh, -c, 'test ! -e ${REVOKED} || exit 10']}}
  other: {env: RECORDED_KEY}
`;
const TOKEN = 'the-token-of-the-recordings';
const REFUSES_ONE_PUSH = '#!/bin/sh\n[ "$1" != refs/heads/outlive/stopped-finishing ]\n';
const ENVIRONMENT = {
  PATH: process.env['PATH'],
  HOME: FOLDER,
  XDG_STATE_HOME: FOLDER,
  OUTLIVE_LOG: 'error',
  GITHUB_TOKEN: TOKEN,
  RECORDED_KEY: 'the-key-of-the-recordings',
};

async function record(client: Client, address: string, recording: Recording): Promise<void> {
  const { name, shell, more, hosts = [], act, shows } = recording;
  const own = ownHosts(address, name);
  try {
    for (const hostId of hosts) await own.start(hostId);
    const spec = {
      id: name,
      prompt: 'Do the work.',
      agent: { use: 'command', argv: ['sh', '-c', shell] },
      workspace: { repo: ORIGIN },
      outputs: [{ kind: 'commit' }, { kind: 'push' }],
      ...(hosts.length > 0 ? { pool: name } : {}),
      ...more,
    } as TaskSpec;
    const { workspace, ...rest } = spec;
    const { workflowId } = await startTask(client, workspace ? spec : rest);
    const handle = client.workflow.getHandle(workflowId);
    await act?.(handle, own, client);
    await save(handle, name, shows);
  } finally {
    await own.endAll();
  }
}

/** A raw client skips the CLI's checks. */
async function recordInvalid(client: Client): Promise<void> {
  const name = 'invalid-spec';
  const options = { taskQueue: CONTROL_QUEUE, workflowId: taskWorkflowId(name), args: [{ id: name }] };
  await save(await client.workflow.start(TASK_WORKFLOW, options), name);
}

/** An entity does not end by itself, or not so soon. */
async function recordHealth(client: Client, recording: HealthRecording): Promise<void> {
  const { name, act } = recording;
  await act(client, name);
  const handle = client.workflow.getHandle(healthRecordingId(recording));
  await handle.terminate('recorded');
  await save(handle, name);
}

function ownHosts(address: string, pool: string): OwnHosts & { endAll(): Promise<void> } {
  const running = new Map<string, Host>();
  const env = { ...ENVIRONMENT, TEMPORAL_ADDRESS: address, OUTLIVE_CONFIG: join(FOLDER, 'outlive.yaml') };
  return {
    start: async (hostId) => void running.set(hostId, await startHostProcess(hostId, pool, env)),
    end: async (hostId, signal) => void (await running.get(hostId)?.end(signal)),
    signal: (hostId, signal) => running.get(hostId)?.signal(signal),
    endAll: async () => void (await Promise.all([...running.values()].map((host) => host.end('SIGTERM')))),
  };
}

async function save(handle: WorkflowHandle, name: string, shows = /./): Promise<void> {
  await handle.result().catch(() => {});
  const json = neutral(historyToJSON(await handle.fetchHistory()));
  const words = `${json} ${payloads(json)}`;
  const named = [HOUSE, hostname(), homedir(), process.execPath].find((word) => words.includes(word));
  if (named !== undefined) throw new Error(`the history of ${name} names this machine (${named}), so it was not written`);
  if (!shows.test(words)) throw new Error(`the history of ${name} does not show ${shows}, so it was not written; record it again`);
  writeFileSync(new URL(`${name}.json`, OUT), `${json}\n`);
  console.log(name);
}

/** Stack traces and sticky queues name the machine. */
const neutral = (json: string): string => json.replaceAll(HOUSE, '').replaceAll(hostname(), 'machine');

/** What stands in base64. */
const payloads = (json: string): string =>
  [...json.matchAll(/"data": "([^"]+)"/g)].map(([, data]) => Buffer.from(data ?? '', 'base64').toString()).join(' ');

function prepare(forge: Forge): void {
  rmSync(FOLDER, { recursive: true, force: true });
  mkdirSync(FOLDER);
  writeFileSync(join(FOLDER, 'outlive.yaml'), `${TIMING}${THRESHOLDS}${CREDENTIALS}${ATTENTION}forge: {api: '${forge.api}'}\n`);
  writeFileSync(REVOKED, '');
  mkdirSync(OUT, { recursive: true });
  makeOrigin(FOLDER);
  writeFileSync(join(ORIGIN, 'hooks', 'update'), REFUSES_ONE_PUSH, { mode: 0o755 });
}

const wanted = process.argv.slice(2);
const isWanted = ({ name }: { readonly name: string }): boolean => wanted.length === 0 || wanted.includes(name);

const forge = await startForge({ repository: 'outlive-histories/origin', token: TOKEN, hasBranch: async () => true });
prepare(forge);
const server = await startDevServer({ uiPort: false, progress: console.log });
const ending = new AbortController();
try {
  let ready = () => {};
  const isReady = new Promise<void>((resolve) => {
    ready = resolve;
  });
  const worker = runWorker({
    hostId: 'recorder',
    pools: ['default'],
    capacity: 10,
    role: 'all',
    config: await loadConfig({ env: {}, cwd: FOLDER }),
    target: connectionOptions({ TEMPORAL_ADDRESS: server.address }),
    env: ENVIRONMENT,
    onReady: () => ready(),
    signal: ending.signal,
  });
  await Promise.race([isReady, worker]);
  const connection = await Connection.connect({ address: server.address });
  const client = new TemporalClient({ connection, identity: 'recorder' });
  await Promise.all([
    ...recordings(ORIGIN, REVOKED)
      .filter(isWanted)
      .map((recording) => record(client, server.address, recording)),
    ...(isWanted({ name: 'invalid-spec' }) ? [recordInvalid(client)] : []),
    ...healthRecordings.filter(isWanted).map((recording) => recordHealth(client, recording)),
  ]);
  await connection.close();
  ending.abort();
  await worker;
} finally {
  await server.stop();
  await forge.stop();
  rmSync(FOLDER, { recursive: true, force: true });
}
