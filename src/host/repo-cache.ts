// The bare cache of a repository on a host: clones come from it, and what runs leave goes through it, so that Outlive's
// credentials only ever meet a configuration that no agent could write to. One process at a time works in a cache.

import { randomUUID } from 'node:crypto';
import { link, mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type GitResult, git, gitOrThrow } from './git.ts';
import { bootId, processIdentity } from './process-tree.ts';

const LOCK_POLL_MS = 100;
/** Git holds its own locks for moments; one that is older was left by a git that died. */
const DEAD_GIT_LOCK_MS = 30_000;

/** Gives the cache, made where it is missing, to one caller at a time: of this process, and of every other on the host. */
export async function withRepoCache<T>(cache: string, use: () => Promise<T>, signal?: AbortSignal): Promise<T> {
  await mkdir(dirname(cache), { recursive: true });
  const release = await takeLock(`${cache}.lock`, signal);
  try {
    await createOnce(cache);
    return await use();
  } finally {
    await release();
  }
}

/** Made beside and renamed: a cache is there as a whole or not at all. Its HEAD names no branch, so that clones start without one. */
async function createOnce(cache: string): Promise<void> {
  if (
    await stat(cache).then(
      () => true,
      () => false,
    )
  )
    return;
  const beside = `${cache}.${randomUUID()}`;
  try {
    await gitOrThrow(['init', '--quiet', '--bare', '--template=', '--initial-branch=outlive-has-none', beside]);
    await rename(beside, cache);
  } finally {
    await rm(beside, { recursive: true, force: true });
  }
}

/** Fetches into the cache. To be called with the cache in hand. */
export async function fetchIntoCache(
  cache: string,
  from: string,
  refspecs: readonly string[],
  options: FetchOptions = {},
): Promise<GitResult> {
  const args = [`--git-dir=${cache}`, 'fetch', '--quiet', '--no-tags', '--no-write-fetch-head', ...(options.prune ? ['--prune'] : [])];
  const fetch = () => git([...args, '--', from, ...refspecs], { signal: options.signal, env: options.env });
  const first = await fetch();
  const leftover = first.ok ? undefined : /Unable to create '(.+\.lock)': File exists/.exec(first.stderr)?.[1];
  if (leftover === undefined) return first;
  await outlastGitLock(leftover, options.signal);
  return fetch();
}

export interface FetchOptions {
  readonly prune?: boolean;
  readonly signal?: AbortSignal | undefined;
  readonly env?: Readonly<Record<string, string>> | undefined;
}

/** Nobody else is in the cache, so the holder is a git whose worker died: alive for moments yet, or dead. */
async function outlastGitLock(file: string, signal: AbortSignal | undefined): Promise<void> {
  for (;;) {
    const seen = await stat(file).catch(() => undefined);
    if (!seen) return;
    if (Date.now() - seen.mtimeMs > DEAD_GIT_LOCK_MS) return rm(file, { force: true });
    await sleep(LOCK_POLL_MS, undefined, { signal });
  }
}

/** A hard link appears with its words in it: nobody ever reads a lock that does not yet say whose it is. */
async function takeLock(file: string, signal: AbortSignal | undefined): Promise<() => Promise<void>> {
  const mine = `${file}.${randomUUID()}`;
  await writeFile(mine, JSON.stringify({ ...processIdentity(process.pid), bootId: bootId() }));
  try {
    while (!(await linked(mine, file))) {
      if (!(await dropIfStale(file))) await sleep(LOCK_POLL_MS, undefined, { signal });
    }
  } finally {
    await rm(mine, { force: true });
  }
  return () => rm(file, { force: true });
}

async function linked(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

async function dropIfStale(file: string): Promise<boolean> {
  const words = await readFile(file, 'utf8').catch(() => undefined);
  if (words === undefined) return true;
  if (holderLives(words)) return false;
  // Renamed before it is judged for good: of two that find it stale, the slower one would otherwise remove the faster one's lock.
  const aside = `${file}.${randomUUID()}`;
  if (
    !(await rename(file, aside).then(
      () => true,
      () => false,
    ))
  )
    return true;
  if ((await readFile(aside, 'utf8')) !== words) await linked(aside, file);
  await rm(aside, { force: true });
  return true;
}

function holderLives(words: string): boolean {
  try {
    const holder = JSON.parse(words) as { pid: number; startTime: number; bootId: string };
    return holder.bootId === bootId() && processIdentity(holder.pid)?.startTime === holder.startTime;
  } catch {
    return false;
  }
}
