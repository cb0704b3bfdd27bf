// A check or a probe: a program of the user's that runs to its end within a limit, and leaves no process behind.

import { open } from 'node:fs/promises';
import { endTree, MARK_VARIABLE, spawnInOwnGroup } from './process-tree.ts';
import { readTail } from './tail.ts';

const TAIL_BYTES = 4096;
const GRACE_MS = 2000;
const WATCH_MS = 500;

export interface ShortProcess {
  readonly argv: readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  /** The run's mark: what ends a run's leftovers ends this too. */
  readonly mark: string;
  readonly timeoutMs: number;
  /** Both streams go to this file, which is written anew. */
  readonly log: string;
  /** Beyond it the program is ended. */
  readonly outputBytes: number;
  readonly signal?: AbortSignal;
}

/** Exactly one of `exitCode`, `signal` and `notStarted` is there; `tail` is the end of what it wrote. */
export interface ShortEnd {
  readonly exitCode?: number;
  readonly signal?: string;
  readonly notStarted?: string;
  readonly timedOut: boolean;
  /** It wrote too much, and was ended. */
  readonly flooded?: true;
  readonly tail: string;
}

export async function runToEnd(short: ShortProcess): Promise<ShortEnd> {
  const log = await open(short.log, 'w');
  try {
    const env = { ...short.env, [MARK_VARIABLE]: short.mark };
    const started = await spawnInOwnGroup({ argv: short.argv, cwd: short.cwd, env, stdout: log.fd, stderr: log.fd });
    const end = await ended(started, short, async () => (await log.stat()).size);
    return { ...end, tail: await readTail(short.log, TAIL_BYTES) };
  } catch (error) {
    return { notStarted: (error as Error).message, timedOut: false, tail: '' };
  } finally {
    await log.close();
  }
}

async function ended(
  { child, pid, startTime }: Awaited<ReturnType<typeof spawnInOwnGroup>>,
  { mark, timeoutMs, outputBytes, signal }: ShortProcess,
  written: () => Promise<number>,
): Promise<Omit<ShortEnd, 'tail'>> {
  const exited = new Promise<Omit<ShortEnd, 'tail' | 'timedOut'>>((resolve) => {
    child.once('exit', (code, name) => resolve(name ? { signal: name } : { exitCode: code ?? -1 }));
  });
  let timedOut = false;
  let flooded = false;
  const stop = () => void endTree({ pid, pidStartTime: startTime, mark, graceMs: GRACE_MS });
  const timer = setTimeout(() => {
    timedOut = true;
    stop();
  }, timeoutMs);
  const watch = setInterval(async () => {
    if (flooded || (await written().catch(() => 0)) <= outputBytes) return;
    flooded = true;
    stop();
  }, WATCH_MS);
  if (signal?.aborted) stop();
  signal?.addEventListener('abort', stop, { once: true });
  try {
    const end = await exited;
    await endTree({ pid, pidStartTime: startTime, mark, graceMs: 0 });
    return { ...end, timedOut, ...(flooded ? { flooded } : {}) };
  } finally {
    clearTimeout(timer);
    clearInterval(watch);
    signal?.removeEventListener('abort', stop);
  }
}
