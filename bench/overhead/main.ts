// What Outlive costs on Temporal: events and billable actions of a task, throughput against a bare workflow with one
// activity, on the same server with the same client in the same run, and whose processor time that is.
// `npm run bench:overhead [-- --tasks 300]`

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
import { cpuOf } from '../cpu.ts';
import { processesUnder } from '../recovery/processes.ts';
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

/** Processor time so far, in ms. */
function spent(): Record<string, number> {
  const ofWorkers = workers.map(({ pid = 0 }) => cpuOf(pid));
  const supervisors = processesUnder(folder).map(({ pid }) => cpuOf(pid));
  return {
    server: cpuOf(server.pid).own,
    workers: sum(ofWorkers.map(({ own }) => own)),
    supervisors: sum(supervisors.map(({ own }) => own)),
    'agents, and supervisors that ended': sum([...supervisors, ...ofWorkers].map(({ children }) => children)),
    client: cpuOf(process.pid).own,
  };
}
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
  const bare: Round[] = [];
  const task: Round[] = [];
  for (let round = 0; round < rounds; round += 1) {
    bare.push(await measure((n) => client.workflow.execute('bare', { taskQueue: 'bare', workflowId: `bare-${round}-${n}` })));
    task.push(await measure((n) => execute(client, noop(`t-${round}-${n}`))));
  }
  const rate = (of: readonly Round[]) => median(of.map((round) => round.rate));
  const ratio = median(task.map((each, round) => each.rate / (bare[round]?.rate ?? 1)));
  console.table({
    'happy task: events': { measured: happy.events, figure: '≤ 12' },
    'happy task: actions beside heartbeats': { measured: happy.actions, figure: '≤ 3' },
    'failed and retried run adds: events': { measured: retried.events - happy.events, figure: '≤ 16' },
    'failed and retried run adds: actions': { measured: retried.actions - happy.actions, figure: '' },
    'bare workflow with one activity, a second': { measured: rate(bare).toFixed(1), figure: '' },
    'no-op task, a second': { measured: rate(task).toFixed(1), figure: '' },
    'throughput, task against bare (median of rounds)': { measured: ratio.toFixed(2), figure: '≥ 0.6' },
  });
  const cpu = (of: readonly Round[], whose: string) => median(of.map((round) => round.cpuMs[whose] ?? 0)).toFixed(1);
  console.log('Processor time of each, in ms (median of rounds):');
  console.table(Object.fromEntries(Object.keys(spent()).map((whose) => [whose, { bare: cpu(bare, whose), task: cpu(task, whose) }])));
}

interface Round {
  /** Finished a second. */
  readonly rate: number;
  /** Of one, by whose it was. */
  readonly cpuMs: Readonly<Record<string, number>>;
}

async function oneTask(client: Client, spec: TaskSpec): Promise<Cost> {
  await execute(client, spec);
  return costOf(await client.workflow.getHandle(taskWorkflowId(spec.id)).fetchHistory());
}

async function execute(client: Client, spec: TaskSpec): Promise<unknown> {
  const { workflowId } = await startTask(client, spec);
  return client.workflow.getHandle(workflowId).result();
}

/** With `clients` at once. */
async function measure(execute: (n: number) => Promise<unknown>): Promise<Round> {
  const before = spent();
  const since = performance.now();
  let next = 0;
  const one = async () => {
    while (next < tasks) {
      next += 1;
      await execute(next);
    }
  };
  await Promise.all(Array.from({ length: clients }, one));
  const rate = tasks / ((performance.now() - since) / 1000);
  const cpuMs = Object.fromEntries(Object.entries(spent()).map(([whose, ms]) => [whose, (ms - (before[whose] ?? 0)) / tasks]));
  return { rate, cpuMs };
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}
