// What Outlive costs on Temporal: events and billable actions of a task, and throughput against a bare workflow with
// one activity, on the same server with the same client in the same run. `npm run bench:overhead [-- --tasks 300]`

import type { ChildProcess } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Client, Connection } from '@temporalio/client';
import { startDevServer } from '../../src/dev-server.ts';
import { taskWorkflowId } from '../../src/domain/names.ts';
import type { TaskSpec } from '../../src/domain/task.ts';
import { startTask } from '../../src/start-task.ts';
import { endWorker, OUTLIVE, startWorker as startProcess, workerEnv } from '../worker-process.ts';
import { type Cost, costOf } from './cost.ts';

const { values } = parseArgs({
  options: {
    tasks: { type: 'string', default: '200' },
    clients: { type: 'string', default: '30' },
    rounds: { type: 'string', default: '3' },
  },
});
const [tasks, clients, rounds] = [Number(values.tasks), Number(values.clients), Number(values.rounds)];

/** The least work there is: one file, written by the first process that comes to mind. */
const noop = (id: string): TaskSpec => ({
  id,
  prompt: 'nothing',
  agent: { use: 'command', argv: ['sh', '-c', 'echo done > done'] },
  outputs: [{ kind: 'file', path: 'done' }],
});
/** Its first run dies by a signal before the work, its second one ends well. */
const failing = (id: string): TaskSpec => ({
  ...noop(id),
  agent: { use: 'command', argv: ['sh', '-c', 'test "$OUTLIVE_RUN" = 2 || kill -9 $$; echo done > done'] },
});

const folder = await mkdtemp(join(tmpdir(), 'outlive-bench-'));
const server = await startDevServer({ uiPort: false, progress: (line) => console.error(line) });
const workers: ChildProcess[] = [];

const startWorker = (args: readonly string[]): Promise<void> =>
  startProcess(args, workerEnv(server.address, folder), (child) => workers.push(child));
try {
  // Each in a process of its own, as in production: what one holds in memory does not weigh on the other.
  await startWorker([OUTLIVE, 'worker', '--host-id', 'bench', '--capacity', '50']);
  await startWorker(['--import', 'tsx', fileURLToPath(new URL('./bare-worker.ts', import.meta.url))]);
  const connection = await Connection.connect({ address: server.address });
  await report(new Client({ connection }));
  await connection.close();
} finally {
  await Promise.all(workers.map(endWorker));
  await server.stop();
  await rm(folder, { recursive: true, force: true });
}

async function report(client: Client): Promise<void> {
  const happy = await oneTask(client, noop('happy'));
  const retried = await oneTask(client, failing('retried'));
  const bareRates: number[] = [];
  const taskRates: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    bareRates.push(await rate((n) => client.workflow.execute('bare', { taskQueue: 'bare', workflowId: `bare-${round}-${n}` })));
    taskRates.push(await rate((n) => execute(client, noop(`t-${round}-${n}`))));
  }
  const ratio = median(taskRates.map((each, round) => each / (bareRates[round] ?? 1)));
  console.table({
    'happy task: events': { measured: happy.events, figure: '≤ 12' },
    'happy task: actions beside heartbeats': { measured: happy.actions, figure: '≤ 3' },
    'failed and retried run adds: events': { measured: retried.events - happy.events, figure: '≤ 16' },
    'failed and retried run adds: actions': { measured: retried.actions - happy.actions, figure: '' },
    'bare workflow with one activity, a second': { measured: median(bareRates).toFixed(1), figure: '' },
    'no-op task, a second': { measured: median(taskRates).toFixed(1), figure: '' },
    'throughput, task against bare (median of rounds)': { measured: ratio.toFixed(2), figure: '≥ 0.6' },
  });
}

async function oneTask(client: Client, spec: TaskSpec): Promise<Cost> {
  await execute(client, spec);
  return costOf(await client.workflow.getHandle(taskWorkflowId(spec.id)).fetchHistory());
}

async function execute(client: Client, spec: TaskSpec): Promise<unknown> {
  const { workflowId } = await startTask(client, spec);
  return client.workflow.getHandle(workflowId).result();
}

/** Finished a second, with `clients` at once. */
async function rate(execute: (n: number) => Promise<unknown>): Promise<number> {
  const since = performance.now();
  let next = 0;
  const one = async () => {
    while (next < tasks) {
      next += 1;
      await execute(next);
    }
  };
  await Promise.all(Array.from({ length: clients }, one));
  return tasks / ((performance.now() - since) / 1000);
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}
