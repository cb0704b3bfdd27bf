// For a worker that starts: runs whose worker died before it could write how they ended.

import { stat } from 'node:fs/promises';
import type { Exit } from '../domain/run.ts';
import { bootId, endTree, processIdentity } from './process-tree.ts';
import { type Journal, listRunDirs, type RunDir, readJournal, runMark, writeJournal } from './state-dir.ts';

const GRACE_MS = 5000;

/** `ended`: processes of the run were alive and were ended now. `gone`: there were none. `left` survived SIGKILL. */
export type Leftover =
  | {
      readonly kind: 'ended' | 'gone';
      readonly dir: RunDir;
      readonly exit: Exit;
      readonly signalled: readonly number[];
      readonly left: readonly number[];
    }
  | {
      readonly kind: 'corrupt';
      readonly dir: RunDir;
      readonly evidence: string;
      readonly signalled: readonly number[];
      readonly left: readonly number[];
    };

/** Ends what still lives of every run without an exit, and writes that exit. To be called before the first run is taken. */
export async function reapLeftovers(state: string, graceMs = GRACE_MS): Promise<Leftover[]> {
  const reaping: Promise<Leftover>[] = [];
  // One read at a time, for there may be thousands; the graces of those that live run side by side.
  for (const dir of await listRunDirs(state)) {
    const read = await readJournal(dir);
    if (read.kind === 'corrupt') reaping.push(reapUnread(dir, read.evidence, graceMs));
    if (read.kind === 'known' && !read.journal.exit) reaping.push(reap(dir, read.journal, graceMs));
  }
  return Promise.all(reaping);
}

async function reapUnread(dir: RunDir, evidence: string, graceMs: number): Promise<Leftover> {
  return { kind: 'corrupt', dir, evidence, ...(await endTree({ mark: runMark(dir), graceMs })) };
}

async function reap(dir: RunDir, journal: Journal, graceMs: number): Promise<Leftover> {
  const lastSign = await lastSignOfLife(dir, journal);
  const tree = await endTree({ ...leaderOf(journal), mark: journal.mark, graceMs });
  const wasAlive = tree.signalled.length > 0;
  const until = wasAlive ? Date.now() : lastSign;
  const exit: Exit = {
    // Nobody saw how a process ended that was gone before: neither code nor signal is made up for it.
    ...(wasAlive ? { signal: 'SIGKILL' } : {}),
    endedBy: journal.endedBy ?? 'supervisor_lost',
    durationMs: Math.round(Math.max(0, until - Date.parse(journal.startedAt))),
  };
  // On a full disk the journal stays open, and the next worker that starts does this again.
  await writeJournal(dir, { ...journal, exit }).catch(() => undefined);
  return { kind: wasAlive ? 'ended' : 'gone', dir, exit, ...tree };
}

/** Only a leader that is provably the same: its number, if it is gone, may have been another group's since. */
function leaderOf({ bootId: boot, pid, pidStartTime }: Journal): { pid?: number; pidStartTime?: number } {
  if (boot !== bootId() || pid === undefined || pidStartTime === undefined) return {};
  return processIdentity(pid)?.startTime === pidStartTime ? { pid, pidStartTime } : {};
}

async function lastSignOfLife(dir: RunDir, { startedAt }: Journal): Promise<number> {
  const seen = await Promise.all([dir.stdout, dir.stderr, dir.result].map((file) => stat(file).catch(() => undefined)));
  return Math.max(Date.parse(startedAt), ...seen.map((file) => file?.mtimeMs ?? 0));
}
