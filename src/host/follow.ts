// A living run, seen from a worker: the one that started it, or a later one that took it up again. Everything is read
// from the run's folder; news from the supervisor only make it faster. Stalls are seen here, because only a worker can
// tell an agent's events from its noise.

import { existsSync, statSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { EndedBy, Exit } from '../domain/run.ts';
import { type ProcessIdentity, processIdentity } from './process-tree.ts';
import { type EndedRun, endOfRun, orderEnd } from './recall.ts';
import type { RunDir } from './state-dir.ts';

const POLL_MS = 250;
/** A limit of turns or cost is passed by no more than what an agent does in that time. */
const LOOK_MS = 1000;
const GRACE_MS = 5000;

export interface LivingRun {
  /** The run's end; resolves once nothing of it lives and its outcome is written. Never resolves for a run that was left. */
  readonly over: Promise<Pick<EndedRun, 'exit' | 'entered'>>;
  /** Asks for its end; the first cause stands. */
  end(cause: EndedBy, graceMs?: number): void;
  /** Stops watching; the run goes on. */
  leave(): void;
}

/** What the agent's own events tell. */
export interface Signs {
  /** Reads what has come since, and gives how many signs of life there were in all. */
  look(): number;
  /** The limit of a run that the agent has gone beyond. */
  overLimit(): EndedBy | undefined;
}

export interface Following {
  readonly dir: RunDir;
  readonly supervisor: ProcessIdentity;
  /** How long there may be no sign of life, in milliseconds. */
  readonly stallMs: number;
  /** Left out for an agent without events: every growth of its output or its result file is a sign of life. */
  readonly signs?: Signs;
  /** The exit as the supervisor tells it; undefined where it has died. Left out by a worker that did not start it. */
  readonly told?: Promise<Exit | undefined>;
}

export function followRun({ dir, supervisor, stallMs, signs, told }: Following): LivingRun {
  const left = new AbortController();
  let isAsked = false;
  const end = (cause: EndedBy, graceMs = GRACE_MS) => {
    if (!isAsked) void orderEnd(dir, supervisor, cause, graceMs);
    isAsked = true;
  };
  const sizes = () => [dir.stdout, dir.stderr, dir.result].map(sizeOf).join();
  const look = signs ? () => `${signs.look()} ${sizeOf(dir.result)}` : sizes;
  const stopWatching = watchSigns(look, stallMs, (isStalled) => {
    const cause = signs?.overLimit() ?? (isStalled ? 'stall' : undefined);
    if (cause) end(cause);
  });
  const over = (told ?? untilOver(dir, supervisor, left.signal)).then((exit) =>
    exit ? { exit, entered: exit.notStarted === undefined } : lastWord(dir, left.signal),
  );
  left.signal.addEventListener('abort', stopWatching, { once: true });
  void over.then(stopWatching, stopWatching);
  return { over, end, leave: () => left.abort() };
}

async function untilOver(dir: RunDir, { pid, startTime }: ProcessIdentity, left: AbortSignal): Promise<undefined> {
  while (!left.aborted && !existsSync(dir.outcome) && processIdentity(pid)?.startTime === startTime) await sleep(POLL_MS);
}

/** The outcome where the supervisor wrote one; else it has died, and so does what lives of its run. Never resolves once the run was left. */
function lastWord(dir: RunDir, left: AbortSignal): Promise<EndedRun> {
  return left.aborted ? new Promise<never>(() => undefined) : endOfRun(dir);
}

/** On the monotonic clock: a laptop that slept for an hour has not been silent for an hour. */
function watchSigns(look: () => string, stallMs: number, onLook: (isStalled: boolean) => void): () => void {
  let seen = look();
  let seenAt = performance.now();
  const timer = setInterval(
    () => {
      const now = look();
      if (now !== seen) {
        seen = now;
        seenAt = performance.now();
      }
      onLook(performance.now() - seenAt >= stallMs);
    },
    Math.min(stallMs / 5, LOOK_MS),
  );
  return () => clearInterval(timer);
}

/** An agent may take the folder's rights away; thrown in a timer, that would end the worker and not the agent. */
function sizeOf(file: string): number {
  try {
    return statSync(file).size;
  } catch {
    return 0;
  }
}
