// Thousands of tasks that wait for the end of one incident: what that costs while it lasts, and how they come back.
// `npm run bench:held [-- --tasks 10000 --hosts 2 --capacity 16]`

import type { ChildProcess } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { Client, Connection } from '@temporalio/client';
import { startDevServer } from '../../src/dev-server.ts';
import { SEARCH_ATTRIBUTES, TASK_WORKFLOW, taskWorkflowId } from '../../src/domain/names.ts';
import { startTask } from '../../src/start-task.ts';
import { cpuOf } from '../cpu.ts';
import { watchIncident } from '../watch-incident.ts';
import { endWorker, OUTLIVE, startWorker as startProcess, workerEnv } from '../worker-process.ts';

const { values } = parseArgs({
  options: {
    tasks: { type: 'string', default: '10000' },
    hosts: { type: 'string', default: '2' },
    capacity: { type: 'string', default: '16' },
    /** Seconds that all of them wait before the provider is well again. */
    rest: { type: 'string', default: '60' },
    clients: { type: 'string', default: '20' },
  },
});
const [tasks, hosts, capacity, restMs] = [Number(values.tasks), Number(values.hosts), Number(values.capacity), Number(values.rest) * 1000];

const folder = await mkdtemp(join(tmpdir(), 'outlive-held-'));
const file = (name: string) => join(folder, name);
const down = file('provider-is-down');
const AGENT = `if [ -e ${down} ]; then echo '{"outcome":"failed","reason":"provider_overloaded"}' > $OUTLIVE_RESULT_FILE; exit 1; fi; echo done > done`;
// The cool-down of a provider grows to a quarter of an hour: here the waves are looked at, not the waiting.
const CONFIG = `thresholds: {provider: {coolDown: 30s, maxCoolDown: 30s}}
notify:
  - {command: [sh, -c, 'echo page >> ${file('pages')}']}
`;

const server = await startDevServer({ uiPort: false, progress: (line) => console.error(line) });
const workers: ChildProcess[] = [];
const named = new Map<string, number>([['server', server.pid]]);
const since = performance.now();
const seconds = (): number => (performance.now() - since) / 1000;
const say = (what: string) => console.error(`${seconds().toFixed(1).padStart(7)} s  ${what}`);

async function startWorker(name: string, ...args: readonly string[]): Promise<void> {
  const env = { ...workerEnv(server.address, folder), OUTLIVE_CONFIG: file('outlive.yaml') };
  await startProcess([OUTLIVE, 'worker', '--host-id', name, ...args], env, (child) => {
    workers.push(child);
    named.set(name, child.pid ?? 0);
  });
}

try {
  writeFileSync(file('outlive.yaml'), CONFIG);
  writeFileSync(down, '');
  await startWorker('control', '--role', 'control');
  for (let n = 1; n <= hosts; n += 1) await startWorker(`host-${n}`, '--role', 'host', '--capacity', String(capacity));
  const connection = await Connection.connect({ address: server.address });
  const client = new Client({ connection });
  const watching = new AbortController();
  const watched = watchIncident(client, since, watching.signal);
  await holdAndRelease(client);
  watching.abort();
  await watched;
  await connection.close();
} finally {
  await Promise.all(workers.map(endWorker));
  await server.stop();
  await rm(folder, { recursive: true, force: true, maxRetries: 5 });
}

async function holdAndRelease(client: Client): Promise<void> {
  const running = `WorkflowType = '${TASK_WORKFLOW}' AND ExecutionStatus = 'Running'`;
  const held = `${running} AND ${SEARCH_ATTRIBUTES.incident.name} IS NOT NULL`;
  const countOf = async (query: string): Promise<number> => (await client.workflow.count(query)).count;
  await submitAll(client);
  say(`${tasks} tasks submitted`);
  // One that asks again by its own timer is not held at that moment.
  await until(async () => (await countOf(held)) >= tasks * 0.98);
  say('all of them are held, but for those that ask again just then');
  const before = costs();
  say(`most memory so far: ${[...before].map(([name, { peakMiB }]) => `${name} ${Math.round(peakMiB)} MiB`).join(', ')}`);
  await sleep(restMs);
  const [resting, restedAt] = [costs(), seconds()];
  rmSync(down);
  say('the provider is well again');
  await until(async () => (await countOf(running)) === 0);
  const [ended, endedAt] = [costs(), seconds()];
  let done = 0;
  for (let n = 1; n <= tasks; n += 1) {
    const { state } = (await client.workflow.getHandle(taskWorkflowId(`held-${n}`)).result()) as { state: string };
    if (state === 'done') done += 1;
  }
  console.log(
    `${done} of ${tasks} tasks are done, ${lines('pages')} notices; ${((endedAt - restedAt) / 60).toFixed(1)} min from well again to the last.`,
  );
  console.table(
    Object.fromEntries(
      [...named.keys()].map((name) => [
        name,
        {
          'most memory, MiB': Math.round(ended.get(name)?.peakMiB ?? 0),
          [`cores while all wait (${restMs / 1000} s)`]: used(before, resting, name, restMs / 1000),
          'cores while they come back': used(resting, ended, name, endedAt - restedAt),
        },
      ]),
    ),
  );
}

async function submitAll(client: Client): Promise<void> {
  let next = 0;
  const submit = async () => {
    while (next < tasks) {
      next += 1;
      const id = `held-${next}`;
      const agent = { use: 'command' as const, argv: ['sh', '-c', AGENT] };
      await startTask(client, { id, prompt: 'Do the work.', agent, outputs: [{ kind: 'file', path: 'done' }] });
    }
  };
  await Promise.all(Array.from({ length: Number(values.clients) }, submit));
}

async function until(holds: () => Promise<boolean>): Promise<void> {
  while (!(await holds().catch(() => false))) await sleep(1000);
}

function lines(name: string): number {
  return readFileSync(file(name), 'utf8').split('\n').length - 1;
}

interface Spent {
  readonly cpuSeconds: number;
  readonly peakMiB: number;
}

/** The most memory: VmHWM, in KiB. */
function costs(): ReadonlyMap<string, Spent> {
  return new Map(
    [...named].map(([name, pid]) => {
      const peak = /VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
      return [name, { cpuSeconds: cpuOf(pid).own / 1000, peakMiB: Number(peak) / 1024 }];
    }),
  );
}

function used(from: ReadonlyMap<string, Spent>, to: ReadonlyMap<string, Spent>, name: string, over: number): string {
  return (((to.get(name)?.cpuSeconds ?? 0) - (from.get(name)?.cpuSeconds ?? 0)) / over).toFixed(2);
}
