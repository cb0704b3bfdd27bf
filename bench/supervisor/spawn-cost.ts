// What a supervisor adds to a run: the same program, started by a supervisor and started plainly, by turns.

import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, open } from 'node:fs/promises';
import { join } from 'node:path';
import { incarnation } from '../../src/host/incarnation.ts';
import { writeJournal } from '../../src/host/journal.ts';
import { leaseClock, writeLease } from '../../src/host/lease.ts';
import { type RunDir, runDir, runMark } from '../../src/host/state-dir.ts';
import type { RunOrder } from '../../src/host/supervisor-messages.ts';
import type { Supervisor, Supervisors } from '../../src/host/supervisors.ts';

const ENVIRONMENT = { PATH: process.env['PATH'] ?? '' };
const WALL_MS = 3_600_000;

/** Milliseconds, one for each time. */
export interface SpawnCost {
  readonly plain: readonly number[];
  /** From the order to the word that it has ended. */
  readonly supervised: readonly number[];
  /** What a worker writes down before the order: journal and lease. */
  readonly journal: readonly number[];
  /** As `supervised`, where a supervisor has to be started first. */
  readonly cold: readonly number[];
}

export async function measureSpawns(state: string, supervisors: Supervisors, times: number, coldTimes: number): Promise<SpawnCost> {
  const [plain, supervised, journal, cold]: [number[], number[], number[], number[]] = [[], [], [], []];
  for (let time = 0; time < times; time += 1) {
    plain.push(await timed(() => spawnPlainly(state)));
    const supervisor = await supervisors.take();
    const order = await orderOf(state, ['true']);
    journal.push(await timed(() => writeDown(order, supervisor)));
    supervised.push(await timed(() => runToEnd(supervisor, order)));
  }
  for (let time = 0; time < coldTimes; time += 1) {
    // The one that is kept ready is taken away; what is timed is the next one.
    const ready = await supervisors.take();
    const order = await orderOf(state, ['true']);
    cold.push(await timed(async () => runToEnd(await supervisors.take(), order)));
    ready.release();
  }
  return { plain, supervised, journal, cold };
}

async function timed(act: () => Promise<unknown>): Promise<number> {
  const since = performance.now();
  await act();
  return performance.now() - since;
}

async function spawnPlainly(state: string): Promise<void> {
  const [stdout, stderr] = [await open(join(state, 'plain.out'), 'a'), await open(join(state, 'plain.err'), 'a')];
  const child = spawn('true', [], { cwd: state, env: ENVIRONMENT, stdio: ['ignore', stdout.fd, stderr.fd], detached: true });
  await once(child, 'exit');
  await stdout.close();
  await stderr.close();
}

/** A run of its own, with an empty workspace. */
export async function orderOf(state: string, argv: readonly string[]): Promise<RunOrder> {
  const run = { taskId: 'bench', n: 1, workflowRunId: randomUUID() };
  const dir: RunDir = runDir(state, run.taskId, run.n, run.workflowRunId);
  await mkdir(dir.workspace, { recursive: true });
  return {
    dir,
    run,
    argv,
    cwd: dir.workspace,
    env: ENVIRONMENT,
    mark: runMark(dir),
    limits: { wallMs: WALL_MS, outputBytes: 2 ** 30 },
    leaseUntil: leaseClock() + WALL_MS / 1000,
  };
}

async function writeDown({ dir, run, mark, leaseUntil }: RunOrder, { pid, startTime }: Supervisor): Promise<void> {
  const supervisor = { pid, startTime };
  await writeJournal(dir, { kind: 'prepared', ...run, workflowId: `task/${run.taskId}`, incarnation: incarnation(), mark, supervisor });
  await writeJournal(dir, { kind: 'owned', activityId: 'run-1', taskToken: 'a'.repeat(200) });
  await writeLease(dir.lease, leaseUntil);
}

async function runToEnd(supervisor: Supervisor, order: RunOrder): Promise<void> {
  const exit = await supervisor.run(order, () => undefined).over;
  if (exit?.exitCode !== 0) throw new Error(`the supervised program ended with ${JSON.stringify(exit)}; expected exit code 0`);
}
