// A task on a host of its own, and all that can be seen of it from outside: what its agents say, what its host writes down,
// what lives. For tests that kill somebody at an exact point: freeze, look where it stands, then kill.

import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, vi } from 'vitest';
import type { TaskSpec } from '../../src/domain/task.ts';
import { type Journal, type Phase, readJournal } from '../../src/host/journal.ts';
import { findMarked } from '../../src/host/process-tree.ts';
import { listRunDirs, type RunDir, runMark, taskOfRunDir } from '../../src/host/state-dir.ts';
import { startTask } from '../../src/start-task.ts';
import type { Host } from './host-process.ts';
import { agent, type SmallFleet } from './small-fleet.ts';

export const PATIENCE = { timeout: 45_000, interval: 20 };
const RESULT_MS = 60_000;

/** What an agent of works-when-told.mjs has said; `at` in milliseconds. */
export interface Said {
  readonly what: 'started' | 'works' | 'ended';
  readonly run: number;
  readonly pid: number;
  readonly at: number;
}

export interface WatchedTask {
  readonly id: string;
  /** The state folder of its host. */
  readonly state: string;
  /** The newest worker of its host. */
  host(): Host;
  /** A new worker of the same host. */
  newWorker(): Promise<void>;
  start(more?: Partial<TaskSpec>): Promise<void>;
  said(what: Said['what']): readonly Said[];
  /** Resolves once the agent of that run waits to be told to go on. */
  works(run?: number): Promise<Said>;
  /** All agents of the task go on. */
  goOn(): void;
  dir(run?: number): Promise<RunDir>;
  journal(run?: number): Promise<Journal>;
  /** Resolves once the journal of that run stands at one of these phases. */
  reaches(phases: readonly Phase[], run?: number): Promise<Journal>;
  /** Pids that carry the mark of any of its runs. */
  alive(): Promise<readonly number[]>;
  /** Ids of the activities that were scheduled, in order. */
  activities(): Promise<string[]>;
  /** Rejects with all that is known of the task where it does not end. */
  result(patienceMs?: number): Promise<unknown>;
}

/** `id` is the task's, its pool's and its host's name; `env` is that of the first worker alone. */
export async function watchTask(fleet: SmallFleet, id: string, env?: Readonly<Record<string, string>>): Promise<WatchedTask> {
  const place = join(fleet.folder, id);
  const state = join(fleet.folder, 'outlive', id);
  const start = (more = {}) => fleet.startHost(id, id, { OUTLIVE_LOG: 'info', ...more });
  let host = await start(env);
  const said = () => (existsSync(`${place}.said`) ? readFileSync(`${place}.said`, 'utf8').trim().split('\n').map(read) : []);
  const dirs = async () => (await listRunDirs(state)).filter((dir) => taskOfRunDir(dir) === id);
  const dir = async (run = 1) => {
    const found = (await dirs()).find(({ root }) => basename(root).startsWith(`${run}-`));
    if (!found) throw new Error(`run ${run} of ${id} has no folder yet`);
    return found;
  };
  const journal = async (run = 1) => {
    const found = await readJournal(await dir(run));
    if (found.kind !== 'known') throw new Error(`the journal of run ${run} of ${id} is ${found.kind}`);
    return found.journal;
  };
  const hasNoEnd = async (patienceMs: number) => {
    await sleep(patienceMs, undefined, { ref: false });
    const journals = (await dirs()).map((one) => existsSync(one.journal) && readFileSync(one.journal, 'utf8'));
    throw new Error(`${id} does not end.\n${JSON.stringify(await fleet.status(id))}\n${journals.join('\n')}\n${host.log()}`);
  };
  return {
    id,
    state,
    host: () => host,
    newWorker: async () => {
      host = await start();
    },
    start: async (more = {}) => {
      await startTask(fleet.client, {
        id,
        pool: id,
        prompt: 'Do a part, then the rest.',
        agent: { use: 'command', argv: agent('works-when-told', place) },
        workspace: { repo: fleet.origin },
        outputs: [{ kind: 'commit' }, { kind: 'push' }],
        ...more,
      });
    },
    said: (what) => said().filter((line) => line.what === what),
    works: (run = 1) =>
      vi.waitFor(() => {
        const works = said().findLast((line) => line.what === 'works' && line.run === run);
        if (!works) throw new Error(`the agent of run ${run} of ${id} is not at work yet`);
        return works;
      }, PATIENCE),
    goOn: () => writeFileSync(`${place}.go`, ''),
    dir,
    journal,
    reaches: (phases, run) =>
      vi.waitFor(async () => {
        const now = await journal(run);
        expect(phases).toContain(now.phase);
        return now;
      }, PATIENCE),
    alive: async () => (await dirs()).flatMap((one) => findMarked(runMark(one))),
    activities: async () => (await fleet.events(id)).flatMap((event) => event.activityTaskScheduledEventAttributes?.activityId ?? []),
    result: (patienceMs = RESULT_MS) => Promise.race([fleet.handle(id).result(), hasNoEnd(patienceMs)]),
  };
}

function read(line: string): Said {
  const [what, run, pid, at] = line.split(' ');
  return { what: what as Said['what'], run: Number(run), pid: Number(pid), at: Number(at) };
}
