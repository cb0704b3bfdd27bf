import { existsSync } from 'node:fs';
import { chmod, mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { GitError, git, gitInWorkspace, gitOrThrow } from '../../src/host/git.ts';
import { agentGit, isAlive, tempFolder, until, write } from './scratch.ts';

async function makeRepository(): Promise<string> {
  const folder = await tempFolder();
  await agentGit(folder, 'init', '--quiet', '--initial-branch=main');
  await agentGit(folder, '-c', 'user.name=A', '-c', 'user.email=a@b', 'commit', '--quiet', '--allow-empty', '-m', 'first');
  return folder;
}

describe('git', () => {
  it('gives back its output', async () => {
    const cwd = await makeRepository();
    expect(await git(['log', '--format=%s'], { cwd })).toEqual({ ok: true, stdout: 'first' });
  });

  it('gives back a failure as a value, with its verdict in one line', async () => {
    const result = await git(['rev-parse', 'nothing-like-this'], { cwd: await makeRepository() });
    expect(result).toMatchObject({ ok: false, exitCode: 128, timedOut: false });
    expect(result).toMatchObject({ summary: expect.stringMatching(/^git rev-parse failed with exit code 128: fatal: ambiguous argument/) });
  });

  it('says that it gave no answer in time, and takes its children with it', async () => {
    const cwd = await makeRepository();
    const slow = ['-c', 'alias.wait=!echo $$ > waiting; exec sleep 60', 'wait'];
    const result = await git(slow, { cwd, timeoutMs: 1500 });
    expect(result).toMatchObject({
      ok: false,
      timedOut: true,
      summary: expect.stringMatching(/^git .*gave no answer in time and was ended/),
    });
    expect(isAlive(Number(await readFile(join(cwd, 'waiting'), 'utf8')))).toBe(false);
  });

  it('ends when it is no longer wanted', async () => {
    const cwd = await makeRepository();
    const controller = new AbortController();
    const waiting = git(['-c', 'alias.wait=!echo $$ > waiting; exec sleep 60', 'wait'], { cwd, signal: controller.signal });
    await until('git waits', () => existsSync(join(cwd, 'waiting')));
    controller.abort();
    const stopped = { ok: false, timedOut: false, summary: expect.stringMatching(/was stopped, because it was no longer wanted/) };
    expect(await waiting).toMatchObject(stopped);
    expect(await git(['status'], { cwd, signal: controller.signal })).toMatchObject(stopped);
  });

  it('is a failure like any other where it is not installed', async () => {
    const result = await git(['status'], { env: { PATH: '/nowhere' } });
    expect(result).toMatchObject({ ok: false, summary: expect.stringMatching(/could not be started.*ENOENT/s) });
  });

  it('runs no hook and makes no signature', async () => {
    const cwd = await makeRepository();
    await write(join(cwd, '.git/hooks'), 'pre-commit', '#!/bin/sh\nexit 1\n');
    await chmod(join(cwd, '.git/hooks/pre-commit'), 0o755);
    await agentGit(cwd, 'config', 'commit.gpgSign', 'true');
    await agentGit(cwd, 'config', 'user.signingKey', 'nobody');
    const who = { GIT_AUTHOR_NAME: 'A', GIT_AUTHOR_EMAIL: 'a@b', GIT_COMMITTER_NAME: 'A', GIT_COMMITTER_EMAIL: 'a@b' };
    expect(await git(['commit', '--allow-empty', '-m', 'second'], { cwd, env: who })).toMatchObject({ ok: true });
  });

  it('is not led to another repository by the environment of its worker', async () => {
    const cwd = await makeRepository();
    vi.stubEnv('GIT_DIR', '/nowhere/.git');
    try {
      expect(await git(['log', '--format=%s'], { cwd })).toEqual({ ok: true, stdout: 'first' });
    } finally {
      vi.unstubAllEnvs();
    }
  });

  it('throws where the caller cannot go on', async () => {
    const failing = gitOrThrow(['rev-parse', 'nothing-like-this'], { cwd: await makeRepository() });
    await expect(failing).rejects.toBeInstanceOf(GitError);
    await expect(failing).rejects.toMatchObject({
      summary: expect.stringMatching(/^git rev-parse failed/),
      stderr: expect.stringMatching(/fatal/),
    });
  });
});

describe('git in an agent’s clone', () => {
  it('hides the worker’s environment from the programs that the clone names', async () => {
    const cwd = await makeRepository();
    vi.stubEnv('SECRET_TOKEN', 'very-secret');
    try {
      await agentGit(cwd, 'config', 'alias.spy', '!echo "[$SECRET_TOKEN]"');
      expect(await gitInWorkspace(cwd, ['spy'])).toEqual({ ok: true, stdout: '[]' });
    } finally {
      vi.unstubAllEnvs();
    }
  });

  it('never takes a repository above the clone for the clone', async () => {
    const above = await makeRepository();
    const workspace = join(above, 'workspace');
    await mkdir(workspace);
    await agentGit(workspace, 'init', '--quiet');
    await rm(join(workspace, '.git'), { recursive: true });
    expect(await gitInWorkspace(workspace, ['rev-parse', 'HEAD'])).toMatchObject({ ok: false, exitCode: 128 });
  });
});
