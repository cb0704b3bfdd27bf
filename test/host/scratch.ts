// Temporary folders, real repositories and run folders for the tests of a host. All of it is gone when its test ends.

import { randomUUID } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { expect, onTestFinished } from 'vitest';
import { findMarked, processIdentity } from '../../src/host/process-tree.ts';
import { type RunDir, runDir } from '../../src/host/state-dir.ts';

// The developer's own settings (signing, hooks, default branch) must not decide a test.
process.env['GIT_CONFIG_GLOBAL'] = '/dev/null';

export const WORKFLOW_RUN = '0198c0de-1111-7000-8000-000000000000';

export const fixture = (name: string): string => fileURLToPath(new URL(`../fixtures/agents/${name}.mjs`, import.meta.url));

export async function tempFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'outlive-host-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true, maxRetries: 5 }));
  return folder;
}

export function runIn(state: string, n = 1, taskId = 'fix-it'): RunDir {
  return runDir(state, taskId, n, WORKFLOW_RUN);
}

/** Git as an agent would call it: with the repository's own hooks and settings. */
export async function agentGit(cwd: string, ...args: string[]): Promise<string> {
  return (await execa('git', args, { cwd, env: { GIT_EDITOR: 'true' }, stdin: 'ignore' })).stdout;
}

export async function write(folder: string, file: string, content: string): Promise<void> {
  await writeFile(join(folder, file), content);
}

export interface Origin {
  readonly repo: string;
  /** A commit on `main`, as another person makes it. Gives its sha. */
  commit(file: string, content: string): Promise<string>;
  /** The sha of a full ref name, or undefined. */
  at(ref: string): Promise<string | undefined>;
}

/** A bare repository with one commit on `main`. */
export async function makeOrigin(): Promise<Origin> {
  const folder = await tempFolder();
  const [repo, clone] = [join(folder, 'shop.git'), join(folder, 'someone')];
  await agentGit(folder, 'init', '--quiet', '--bare', '--initial-branch=main', repo);
  await agentGit(folder, 'clone', '--quiet', repo, clone);
  await agentGit(clone, 'config', 'user.name', 'Someone');
  await agentGit(clone, 'config', 'user.email', 'someone@example.org');
  await agentGit(clone, 'checkout', '--quiet', '-B', 'main');
  const commit = async (file: string, content: string): Promise<string> => {
    await write(clone, file, content);
    await agentGit(clone, 'add', '--all');
    await agentGit(clone, 'commit', '--quiet', '-m', `Change ${file}`);
    await agentGit(clone, 'push', '--quiet', 'origin', 'main');
    return agentGit(clone, 'rev-parse', 'HEAD');
  };
  const at = async (ref: string) => (await agentGit(folder, 'ls-remote', repo, ref)).split('\t')[0] || undefined;
  await commit('shop.txt', 'one\ntwo\nthree\n');
  return { repo, commit, at };
}

/** Waits for a condition, not for a time. */
export async function until(what: string, isSo: () => boolean | Promise<boolean>): Promise<void> {
  const giveUp = performance.now() + 10_000;
  while (!(await isSo())) {
    if (performance.now() > giveUp) throw new Error(`still not so after 10 s: ${what}`);
    await sleep(20);
  }
}

/** Not by signal 0, which reaches the dead too until somebody asks for their exit code. */
export const isAlive = (pid: number): boolean => processIdentity(pid) !== undefined;

/** A mark of its own for a test; when the test ends, nobody may carry it any more. */
export function testMark(): string {
  const mark = `test-${randomUUID()}`;
  onTestFinished(() => {
    const left = findMarked(mark);
    for (const pid of left) process.kill(pid, 'SIGKILL');
    expect(left, 'processes left behind').toEqual([]);
  });
  return mark;
}
