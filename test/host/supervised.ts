// Runs under a real supervisor, without a worker and a server: what the tests of a host have in common.

import { readdirSync, readlinkSync } from 'node:fs';
import { mkdir, readFile } from 'node:fs/promises';
import { expect, onTestFinished } from 'vitest';
import type { EndedBy, Exit } from '../../src/domain/run.ts';
import { replaceFile } from '../../src/host/durable-file.ts';
import { incarnation } from '../../src/host/incarnation.ts';
import { type Journal, type Prepared, readJournal, writeJournal } from '../../src/host/journal.ts';
import { leaseClock } from '../../src/host/lease.ts';
import { endTree, findMarked, type ProcessIdentity } from '../../src/host/process-tree.ts';
import { type RunDir, runMark } from '../../src/host/state-dir.ts';
import type { EndOrder, RunOrder } from '../../src/host/supervisor-messages.ts';
import { createSupervisors, type Supervisor, type Supervisors } from '../../src/host/supervisors.ts';
import { fixture, runIn, tempFolder, until, WORKFLOW_RUN } from './scratch.ts';

export const FENCE = { taskId: 'fix-it', n: 1, workflowRunId: WORKFLOW_RUN } as const;

/** A worker's supervisors. When the test ends, they do. */
export function poolIn(state: string): Supervisors {
  const pool = createSupervisors(state);
  onTestFinished(async () => {
    pool.close();
    await until('its supervisors have ended', () => processesIn(state).length === 0);
  });
  return pool;
}

/** Pids of those whose working directory is this folder. */
export function processesIn(folder: string): number[] {
  const isThere = (pid: string) => {
    try {
      return readlinkSync(`/proc/${pid}/cwd`) === folder;
    } catch {
      return false;
    }
  };
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && isThere(name))
    .map(Number);
}

/** When the test ends, nobody may carry the mark of this run any more. */
export function leavesNothing(dir: RunDir): void {
  onTestFinished(async () => {
    const left = findMarked(runMark(dir));
    await endTree({ mark: runMark(dir), graceMs: 0 });
    expect(left, 'processes left behind').toEqual([]);
  });
}

export const agentArgv = (name: string, ...args: string[]): string[] => [process.execPath, fixture(name), ...args];

/** The folder and the first line of a run of a worker that is about to tell its supervisor. */
export async function prepareRun(dir: RunDir, supervisor: ProcessIdentity, facts: Partial<Prepared> = {}): Promise<void> {
  await mkdir(dir.workspace, { recursive: true });
  const { pid, startTime } = supervisor;
  await writeJournal(dir, {
    kind: 'prepared',
    ...FENCE,
    workflowId: 'task/fix-it',
    incarnation: incarnation(),
    mark: runMark(dir),
    supervisor: { pid, startTime },
    ...facts,
  });
}

export function orderFor(dir: RunDir, argv: readonly string[], more: Partial<RunOrder> = {}): RunOrder {
  return {
    dir,
    run: FENCE,
    argv,
    cwd: dir.workspace,
    env: { PATH: process.env['PATH'] ?? '', OUTLIVE_RESULT_FILE: dir.result },
    mark: runMark(dir),
    limits: { wallMs: 60_000, outputBytes: 2 ** 30 },
    leaseUntil: leaseClock() + 60,
    ...more,
  };
}

export interface SupervisedTestRun {
  readonly dir: RunDir;
  readonly supervisor: Supervisor;
  readonly over: Promise<Exit | undefined>;
  /** Resolves once the supervisor has said that the agent may begin. */
  readonly entered: Promise<void>;
}

interface Starting extends Partial<RunOrder> {
  readonly pool?: Supervisors;
}

export async function startRun(argv: readonly string[], { pool, ...more }: Starting = {}): Promise<SupervisedTestRun> {
  const dir = more.dir ?? runIn(await tempFolder());
  const supervisor = await (pool ?? poolIn(dir.state)).take();
  leavesNothing(dir);
  await prepareRun(dir, supervisor);
  let hear: () => void = () => undefined;
  const entered = new Promise<void>((resolve) => {
    hear = resolve;
  });
  const { over } = supervisor.run(orderFor(dir, argv, more), hear);
  return { dir, supervisor, over, entered };
}

/** As a worker tells it, without the signal that makes it faster. */
export const orderEnd = (dir: RunDir, end: EndedBy, graceMs: number): Promise<void> =>
  replaceFile(dir.order, { end, graceMs } satisfies EndOrder);

export async function journalOf(dir: RunDir): Promise<Journal> {
  const read = await readJournal(dir);
  if (read.kind !== 'known') throw new Error(read.kind === 'corrupt' ? read.evidence : read.kind);
  return read.journal;
}

export const outputOf = (dir: RunDir): Promise<string> => readFile(dir.stdout, 'utf8').catch(() => '');

export const saysReady = (dir: RunDir): Promise<void> =>
  until('the agent says that it is ready', async () => (await outputOf(dir)).includes('ready'));
