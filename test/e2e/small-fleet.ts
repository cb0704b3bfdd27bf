// One host and one origin for a test file, in a namespace of its own, so that no other file takes its tasks.

import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Client, Connection, type WorkflowHandle } from '@temporalio/client';
import type { temporal } from '@temporalio/proto';
import { expect, inject, vi } from 'vitest';
import type { Agents } from '../../src/agents/agent.ts';
import { loadConfig } from '../../src/config.ts';
import { connectionOptions } from '../../src/connection.ts';
import type { TaskStatus } from '../../src/domain/contract.ts';
import { STATUS_QUERY, taskBranch, taskWorkflowId } from '../../src/domain/names.ts';
import type { Question } from '../../src/domain/question.ts';
import type { TaskSpec } from '../../src/domain/task.ts';
import { startTask } from '../../src/start-task.ts';
import { runWorker } from '../../src/worker.ts';
import { endWhatLivesOn } from '../leftovers.ts';
import { type Host, startHostProcess } from './host-process.ts';
import { makeOrigin } from './origin.ts';

export interface SmallFleet {
  readonly folder: string;
  /** Of the server, and its own part of it. */
  readonly address: string;
  readonly namespace: string;
  readonly origin: string;
  readonly client: Client;
  /** A task whose agent does `first` in its first run and `later` in every later one, each a piece of shell in the workspace. */
  start(taskId: string, first: string, later?: string, more?: Partial<TaskSpec>): Promise<void>;
  handle(taskId: string): WorkflowHandle;
  status(taskId: string): Promise<TaskStatus>;
  events(taskId: string): Promise<readonly temporal.api.history.v1.IHistoryEvent[]>;
  /** Resolves once a person is asked. */
  question(taskId: string): Promise<Question>;
  /** Commits of the task's branch at the origin that its base does not have, oldest first. */
  commits(taskId: string): string[];
  git(...args: readonly string[]): string;
  /** The number that an agent wrote into this file, once it is there. */
  pidFrom(name: string): Promise<number>;
  /** A worker as a process of its own, for one pool; resolves once it takes runs. `env` is added to its environment. Ends with the fleet at the latest. */
  startHost(hostId: string, pool: string, env?: Readonly<Record<string, string>>): Promise<Host>;
  stop(): Promise<void>;
}

const timing = (lease: string, heartbeat: string): string =>
  `timing: {heartbeat: ${heartbeat}, lease: ${lease}, backoff: 100ms, decline: 100ms, finishPatience: 1m}\n`;

interface FleetSettings {
  /** How long a run outlives its worker. */
  readonly lease?: string;
  /** How long a host may be silent. */
  readonly heartbeat?: string;
  /** Of the server; left out: that of all tests. */
  readonly address?: string;
  /** Beside Outlive's own. */
  readonly agents?: Agents;
  /** More lines of outlive.yaml. */
  readonly config?: string;
}

export async function startSmallFleet(
  name: string,
  { lease = '2s', heartbeat = '2s', address = inject('temporalAddress'), agents = {}, config: more = '' }: FleetSettings = {},
): Promise<SmallFleet> {
  const folder = mkdtempSync(join(tmpdir(), 'outlive-fleet-'));
  const namespace = `${name}-${process.pid}`;
  const connection = await Connection.connect({ address });
  await makeNamespace(connection, namespace);
  const origin = makeOrigin(folder);
  writeFileSync(join(folder, 'outlive.yaml'), `${timing(lease, heartbeat)}${more}`);
  const stopping = new AbortController();
  const target = connectionOptions({ TEMPORAL_ADDRESS: address, TEMPORAL_NAMESPACE: namespace });
  const config = await loadConfig({ env: {}, cwd: folder });
  let running: Promise<void> | undefined;
  await new Promise<void>((ready, failed) => {
    running = runWorker({
      hostId: name,
      pools: ['default'],
      capacity: 4,
      role: 'all',
      config,
      agents,
      target,
      env: { ...process.env, XDG_STATE_HOME: folder, OUTLIVE_LOG: 'silent' },
      onReady: () => ready(),
      signal: stopping.signal,
      workflowBundle: { codePath: inject('workflowBundlePath') },
    });
    running.catch(failed);
  });
  const client = new Client({ connection, namespace });
  const git = (...args: readonly string[]) => execFileSync('git', ['--git-dir', origin, ...args], { encoding: 'utf8' }).trim();
  const handle = (taskId: string) => client.workflow.getHandle(taskWorkflowId(taskId));
  const status = (taskId: string) => handle(taskId).query<TaskStatus>(STATUS_QUERY);
  const hostEnvironment = {
    ...process.env,
    TEMPORAL_ADDRESS: address,
    TEMPORAL_NAMESPACE: namespace,
    XDG_STATE_HOME: folder,
    OUTLIVE_CONFIG: join(folder, 'outlive.yaml'),
    OUTLIVE_LOG: 'silent',
  };
  const hosts: Host[] = [];
  return {
    folder,
    address,
    namespace,
    origin,
    client,
    git,
    start: async (id, first, later = WORK, more = {}) => {
      const told = { id, prompt: 'Do the work.', agent: { use: 'command', argv: agent('ends-as-told', first, later) } } as const;
      await startTask(client, { ...told, workspace: { repo: origin }, outputs: [{ kind: 'commit' }, { kind: 'push' }], ...more });
    },
    handle,
    status,
    events: async (taskId) => (await handle(taskId).fetchHistory()).events ?? [],
    question: (taskId) =>
      vi.waitFor(async () => (await status(taskId)).question ?? Promise.reject(new Error(`${taskId} asks nothing yet`)), {
        timeout: 30_000,
        interval: 50,
      }),
    commits: (taskId) =>
      git('rev-list', '--reverse', `main..${taskBranch(taskId)}`)
        .split('\n')
        .filter(Boolean),
    pidFrom: async (file) => {
      const path = join(folder, file);
      await vi.waitFor(() => expect(readFileSync(path, 'utf8')).not.toBe(''), { timeout: 15_000 });
      return Number(readFileSync(path, 'utf8'));
    },
    startHost: async (hostId, pool, env = {}) => {
      const host = await startHostProcess(hostId, pool, { ...hostEnvironment, ...env });
      hosts.push(host);
      return host;
    },
    stop: async () => {
      await Promise.all(hosts.map((host) => host.end('SIGKILL')));
      await Promise.all(hosts.map(({ hostId }) => endWhatLivesOn(join(folder, 'outlive', hostId))));
      stopping.abort();
      await running;
      await connection.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** The program of test/fixtures/agents with that name, as an argv. */
export const agent = (name: string, ...args: readonly string[]): string[] => [
  process.execPath,
  fileURLToPath(new URL(`../fixtures/agents/${name}.mjs`, import.meta.url)),
  ...args,
];

/** Shell that does the whole work. */
export const WORK = 'echo work > work && git add . && git commit -qm work';

async function makeNamespace(connection: Connection, namespace: string): Promise<void> {
  await connection.workflowService.registerNamespace({ namespace, workflowExecutionRetentionPeriod: { seconds: 86_400 as never } });
  // Known to one part of the server is not known to all of them.
  await vi.waitFor(() => connection.workflowService.listWorkflowExecutions({ namespace }), { timeout: 30_000, interval: 200 });
}
