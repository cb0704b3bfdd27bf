// A provider that fails for everybody for two minutes, and a fleet in the midst of it: runs in vain, pages, and how the
// tasks come back; and the same with the retry of a bare workflow. `npm run bench:outage [-- --tasks 200 --down 120]`

import type { ChildProcess } from 'node:child_process';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Client, Connection } from '@temporalio/client';
import { startDevServer } from '../../src/dev-server.ts';
import type { TaskResult } from '../../src/domain/contract.ts';
import { taskWorkflowId } from '../../src/domain/names.ts';
import { startTask } from '../../src/start-task.ts';
import { watchIncident } from '../watch-incident.ts';
import { endWorker, OUTLIVE, startWorker as startProcess, workerEnv } from '../worker-process.ts';

const { values } = parseArgs({
  options: {
    tasks: { type: 'string', default: '200' },
    /** Seconds. */
    down: { type: 'string', default: '120' },
    hosts: { type: 'string', default: '4' },
    capacity: { type: 'string', default: '4' },
  },
});
const [tasks, downMs, hosts, capacity] = [Number(values.tasks), Number(values.down) * 1000, Number(values.hosts), Number(values.capacity)];

const folder = await mkdtemp(join(tmpdir(), 'outlive-outage-'));
const file = (name: string) => join(folder, name);
const down = file('provider-is-down');
const lines = (name: string): number => (existsSync(file(name)) ? readFileSync(file(name), 'utf8').split('\n').length - 1 : 0);
/** Half a second of work; while the provider is down, of work in vain. One line for each run. */
const agentOf = (who: string, failed: string) =>
  `echo run >> ${file(`${who}-runs`)}; sleep 0.5; if [ -e ${down} ]; then echo run >> ${file(`${who}-wasted`)}; ${failed} exit 1; fi; echo done > done`;
const TYPED = `echo '{"outcome":"failed","reason":"provider_overloaded"}' > $OUTLIVE_RESULT_FILE;`;
const CONFIG = `notify:
  - {command: [sh, -c, 'echo "$OUTLIVE_NOTICE_KIND" >> ${file('pages')}']}
`;

const server = await startDevServer({ uiPort: false, progress: (line) => console.error(line) });
const workers: ChildProcess[] = [];
const environment = (): NodeJS.ProcessEnv => ({
  ...workerEnv(server.address, folder),
  OUTLIVE_CONFIG: file('outlive.yaml'),
  BENCH_AGENT: `cd $(mktemp -d -p ${folder}) && ${agentOf('blind', '')}`,
  BENCH_SEATS: String(hosts * capacity),
});

const startWorker = (args: readonly string[]): Promise<void> => startProcess(args, environment(), (child) => workers.push(child));
try {
  writeFileSync(file('outlive.yaml'), CONFIG);
  const host = (n: number) => [OUTLIVE, 'worker', '--host-id', `host-${n}`, '--capacity', String(capacity), '--role', 'host'];
  await startWorker([OUTLIVE, 'worker', '--host-id', 'control', '--role', 'control']);
  await Promise.all(Array.from({ length: hosts }, (_, n) => startWorker(host(n + 1))));
  await startWorker(['--import', 'tsx', fileURLToPath(new URL('./blind-worker.ts', import.meta.url))]);
  const connection = await Connection.connect({ address: server.address });
  const client = new Client({ connection });
  const ours = await outage('outlive', (n) => ourTask(client, n), client);
  const blind = await outage('blind', (n) => client.workflow.execute('blind', { taskQueue: 'blind', workflowId: `blind-${n}` }));
  console.table({ outlive: { ...ours, 'notices to people': lines('pages') }, 'blind retry': { ...blind, 'notices to people': 0 } });
  await connection.close();
} finally {
  await Promise.all(workers.map(endWorker));
  await server.stop();
  await rm(folder, { recursive: true, force: true, maxRetries: 5 });
}

interface Outage {
  readonly tasks: number;
  readonly done: number;
  readonly runs: number;
  readonly 'runs in vain': number;
  readonly 'well again to all done, s': string;
}

/** All tasks at once, into an outage. */
async function outage(who: string, execute: (n: number) => Promise<unknown>, client?: Client): Promise<Outage> {
  writeFileSync(down, '');
  const since = performance.now();
  const watching = new AbortController();
  const watched = client && watchIncident(client, since, watching.signal);
  const all = Promise.allSettled(Array.from({ length: tasks }, (_, n) => execute(n + 1)));
  await sleep(downMs);
  rmSync(down);
  const wellAt = performance.now();
  const ended = await all;
  const doneAt = performance.now();
  watching.abort();
  await watched;
  return {
    tasks,
    done: ended.filter(({ status }) => status === 'fulfilled').length,
    runs: lines(`${who}-runs`),
    'runs in vain': lines(`${who}-wasted`),
    'well again to all done, s': ((doneAt - wellAt) / 1000).toFixed(1),
  };
}

async function ourTask(client: Client, n: number): Promise<void> {
  const id = `outage-${n}`;
  const argv = ['sh', '-c', agentOf('outlive', TYPED)];
  await startTask(client, { id, prompt: 'Do the work.', agent: { use: 'command', argv }, outputs: [{ kind: 'file', path: 'done' }] });
  const result = (await client.workflow.getHandle(taskWorkflowId(id)).result()) as TaskResult;
  if (result.state !== 'done') throw new Error(`${id}: ${result.because}`);
}
