// Records the histories that test/workflows/replay.test.ts replays: one task for each way through the workflow, on a real
// server. Run it after a change of the workflow that is meant (`npm run record:histories`); old files that still replay
// stay, because tasks that began under them live on. Nothing of this machine gets into the files: fixed names and paths.

import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { type Client, Connection, Client as TemporalClient, type WorkflowHandle } from '@temporalio/client';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import { loadConfig } from '../src/config.ts';
import { connectionOptions } from '../src/connection.ts';
import { startDevServer } from '../src/dev-server.ts';
import type { TaskStatus } from '../src/domain/contract.ts';
import { ANSWER, CONTROL_QUEUE, STATUS_QUERY, STOP_UPDATE, TASK_WORKFLOW, taskBranch, taskWorkflowId } from '../src/domain/names.ts';
import type { TaskSpec } from '../src/domain/task.ts';
import { startTask } from '../src/start-task.ts';
import { runWorker } from '../src/worker.ts';
import { makeOrigin } from '../test/e2e/origin.ts';

const FOLDER = '/tmp/outlive-histories';
const ORIGIN = join(FOLDER, 'origin.git');
const OUT = new URL('../test/fixtures/histories/', import.meta.url);
const TIMING = 'timing: {heartbeat: 2s, lease: 2s, backoff: 100ms, decline: 100ms, finishPatience: 5s}\n';

type Act = (client: Client, handle: WorkflowHandle) => Promise<void>;

interface Recording {
  readonly name: string;
  /** What the agent's shell does; `$OUTLIVE_RUN` is the number of the run. */
  readonly shell: string;
  readonly more?: Partial<TaskSpec>;
  readonly act?: Act;
}

const COMMIT = 'echo work > work && git add . && git commit -qm work';
const WAIT = 'exec sleep 60';
const isFirst = (then: string, otherwise: string) => `if [ "$OUTLIVE_RUN" = 1 ]; then ${then}; else ${otherwise}; fi`;
const FILE_ONLY: Partial<TaskSpec> = { workspace: undefined as never, outputs: [{ kind: 'file', path: 'work' }] };

const RECORDINGS: readonly Recording[] = [
  { name: 'happy-file', shell: 'echo work > work', more: FILE_ONLY },
  { name: 'happy-push', shell: COMMIT },
  { name: 'killed-retried', shell: isFirst('kill -9 $$', COMMIT) },
  { name: 'crashed-after-output', shell: `${COMMIT}; kill -9 $$`, more: { checks: [{ argv: ['test', '-f', 'work'] }] } },
  {
    name: 'rate-limited',
    shell: isFirst(`echo '{"outcome":"failed","reason":"rate_limited","retryAfterMs":200}' > $OUTLIVE_RESULT_FILE; exit 1`, COMMIT),
  },
  {
    name: 'red-check',
    shell: isFirst('echo no > work; git add .; git commit -qm no', COMMIT),
    more: { checks: [{ argv: ['grep', '-q', 'work', 'work'] }] },
  },
  { name: 'asked-by-update', shell: isFirst('exit 3', COMMIT), act: answer('update', { choice: 'retry', note: 'go on', by: 'ann' }) },
  { name: 'asked-by-signal', shell: isFirst('exit 3', COMMIT), act: answer('signal', 'retry') },
  { name: 'asked-closed', shell: 'exit 3', act: answer('update', { choice: 'close', note: 'not worth it', by: 'ann' }) },
  { name: 'held-for-quota', shell: isFirst(quota(), COMMIT) },
  {
    name: 'stopped-in-run',
    shell: WAIT,
    act: whenRunning(async (_, handle) => void (await handle.executeUpdate(STOP_UPDATE, { args: [{ why: 'not wanted', by: 'ann' }] }))),
  },
  { name: 'cancelled-in-run', shell: WAIT, act: whenRunning(async (_, handle) => void (await handle.cancel())) },
  {
    name: 'foreign-branch',
    shell: `${COMMIT}; git push -q ${ORIGIN} main:refs/heads/outlive/foreign-branch; git --git-dir ${ORIGIN} update-ref refs/heads/outlive/foreign-branch $(git --git-dir ${ORIGIN} commit-tree -m foreign main^{tree} -p main)`,
    act: foreign,
  },
];

function quota(): string {
  return `printf '{"outcome":"failed","reason":"quota_exhausted","resetsAt":"%s"}' $(date -u -d '+2 seconds' +%Y-%m-%dT%H:%M:%SZ) > $OUTLIVE_RESULT_FILE; exit 1`;
}

function answer(by: 'update' | 'signal', sent: unknown): Act {
  return async (_, handle) => {
    await until(handle, (status) => status.question !== undefined);
    if (by === 'signal') await handle.signal(ANSWER, sent);
    else await handle.executeUpdate(ANSWER, { args: [sent] });
  };
}

function whenRunning(act: Act): Act {
  return async (client, handle) => {
    for (;;) {
      const { raw } = await handle.describe();
      if (raw.pendingActivities?.some((activity) => activity.heartbeatDetails)) break;
      await sleep(50);
    }
    await act(client, handle);
  };
}

async function foreign(_: Client, handle: WorkflowHandle): Promise<void> {
  await until(handle, (status) => status.question !== undefined);
  execFileSync('git', ['--git-dir', ORIGIN, 'update-ref', '-d', `refs/heads/${taskBranch('foreign-branch')}`]);
  await handle.executeUpdate(ANSWER, { args: [{ choice: 'finish', by: 'ann' }] });
}

async function until(handle: WorkflowHandle, holds: (status: TaskStatus) => boolean): Promise<void> {
  for (;;) {
    const status = await handle.query<TaskStatus>(STATUS_QUERY).catch(() => undefined);
    if (status && holds(status)) return;
    await sleep(50);
  }
}

async function record(client: Client, { name, shell, more, act }: Recording): Promise<void> {
  const spec = {
    id: name,
    prompt: 'Do the work.',
    agent: { use: 'command', argv: ['sh', '-c', shell] },
    workspace: { repo: ORIGIN },
    outputs: [{ kind: 'commit' }, { kind: 'push' }],
    ...more,
  } as TaskSpec;
  const { workspace, ...rest } = spec;
  const { workflowId } = await startTask(client, workspace ? spec : rest);
  const handle = client.workflow.getHandle(workflowId);
  await act?.(client, handle);
  await save(handle, name);
}

/** A raw client skips the CLI's checks. */
async function recordInvalid(client: Client): Promise<void> {
  const name = 'invalid-spec';
  await save(
    await client.workflow.start(TASK_WORKFLOW, { taskQueue: CONTROL_QUEUE, workflowId: taskWorkflowId(name), args: [{ id: name }] }),
    name,
  );
}

async function save(handle: WorkflowHandle, name: string): Promise<void> {
  await handle.result().catch(() => {});
  writeFileSync(new URL(`${name}.json`, OUT), `${neutral(historyToJSON(await handle.fetchHistory()))}\n`);
  console.log(name);
}

/** Stack traces and sticky queues name the machine. */
const neutral = (json: string): string =>
  json.replaceAll(fileURLToPath(new URL('..', import.meta.url)), '').replaceAll(hostname(), 'machine');

rmSync(FOLDER, { recursive: true, force: true });
mkdirSync(FOLDER);
writeFileSync(join(FOLDER, 'outlive.yaml'), TIMING);
mkdirSync(OUT, { recursive: true });
makeOrigin(FOLDER);
const server = await startDevServer({ uiPort: false, progress: console.log });
const stop = new AbortController();
try {
  const target = connectionOptions({ TEMPORAL_ADDRESS: server.address });
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
    target,
    env: { PATH: process.env['PATH'], HOME: FOLDER, XDG_STATE_HOME: FOLDER, OUTLIVE_LOG: 'error' },
    onReady: () => ready(),
    signal: stop.signal,
  });
  await Promise.race([isReady, worker]);
  const connection = await Connection.connect({ address: server.address });
  const client = new TemporalClient({ connection, identity: 'recorder' });
  await Promise.all([...RECORDINGS.map((recording) => record(client, recording)), recordInvalid(client)]);
  await connection.close();
  stop.abort();
  await worker;
} finally {
  await server.stop();
  rmSync(FOLDER, { recursive: true, force: true });
}
