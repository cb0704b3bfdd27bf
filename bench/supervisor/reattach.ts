// A worker that is killed in the middle of a run, and the next one that takes the run up again.

import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Client, Connection, type WorkflowExecutionDescription } from '@temporalio/client';
import { startDevServer } from '../../src/dev-server.ts';
import type { TaskResult } from '../../src/domain/contract.ts';
import { reattachActivityId, taskWorkflowId } from '../../src/domain/names.ts';
import { startTask } from '../../src/start-task.ts';
import type { Endings } from '../recovery/endings.ts';
import { keepProcess } from '../recovery/kept-process.ts';
import { takenUpIn } from '../recovery/task-history.ts';

/** `delays`: milliseconds from the kill to the start of the activity that takes the run up again, one for each time. */
export interface Reattached {
  readonly delays: readonly number[];
  readonly lostRuns: number;
  readonly secondRuns: number;
}

const LOOK_MS = 20;
/** The default heartbeat timeout, and what a run beyond it may take. */
const PATIENCE_MS = 120_000;

export async function measureReattach(folder: string, times: number, atEnd: Endings['atEnd']): Promise<Reattached> {
  const server = await startDevServer({ uiPort: false, progress: (line) => console.error(line) });
  atEnd(() => server.stop());
  const tmp = join(folder, 'tmp');
  mkdirSync(tmp);
  const worker = keepProcess({
    name: 'worker',
    args: [fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url)), 'worker', '--host-id', 'bench'],
    env: { ...process.env, TEMPORAL_ADDRESS: server.address, TEMPORAL_NAMESPACE: 'default', XDG_STATE_HOME: folder, TMPDIR: tmp },
    log: join(folder, 'worker.log'),
  });
  atEnd(() => Promise.all([worker.end('SIGKILL', 0), worker.stop()]));
  await worker.ready;
  const client = new Client({ connection: await Connection.connect({ address: server.address }) });
  const all: OneTime[] = [];
  for (let time = 1; time <= times; time += 1) all.push(await killOnce(client, folder, `mid-run-${time}`, () => worker.end('SIGKILL', 0)));
  return {
    delays: all.map(({ delay }) => delay),
    lostRuns: all.filter(({ result }) => result.state !== 'done').length,
    secondRuns: all.reduce((sum, { result, starts }) => sum + Math.max(result.runs, starts) - 1, 0),
  };
}

interface OneTime {
  readonly delay: number;
  readonly result: TaskResult;
  readonly starts: number;
}

/** The agent says that it works, and ends once it may. */
async function killOnce(client: Client, folder: string, id: string, kill: () => Promise<void>): Promise<OneTime> {
  const [starts, mayEnd] = [join(folder, `${id}.starts`), join(folder, `${id}.may-end`)];
  const work = `echo $$ >> ${starts}; until test -e ${mayEnd}; do sleep 0.1; done; echo done > done`;
  await startTask(client, {
    id,
    prompt: 'Wait.',
    agent: { use: 'command', argv: ['sh', '-c', work] },
    outputs: [{ kind: 'file', path: 'done' }],
  });
  await until(`the agent of ${id} is at work`, () => existsSync(starts));
  const killedAt = Date.now();
  await kill();
  const handle = client.workflow.getHandle(taskWorkflowId(id));
  await until(`${id} is taken up again`, async () => isTakenUp(await handle.describe()));
  writeFileSync(mayEnd, '');
  const result = (await handle.result()) as TaskResult;
  // The start of an activity stands in the history once the activity is over.
  const [takenUp] = await takenUpIn(client, id);
  return { delay: (takenUp?.at ?? Number.NaN) - killedAt, result, starts: readFileSync(starts, 'utf8').trim().split('\n').length };
}

function isTakenUp({ raw }: WorkflowExecutionDescription): boolean {
  return (raw.pendingActivities ?? []).some(
    ({ activityId, lastStartedTime }) => activityId === reattachActivityId(1, 1) && lastStartedTime,
  );
}

async function until<T>(what: string, look: () => T | Promise<T>): Promise<NonNullable<T>> {
  for (const deadline = performance.now() + PATIENCE_MS; performance.now() < deadline; await sleep(LOOK_MS)) {
    const seen = await look();
    if (seen) return seen;
  }
  throw new Error(`${what}: not so within ${PATIENCE_MS / 1000} s`);
}
