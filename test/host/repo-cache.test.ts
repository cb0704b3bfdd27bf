import { mkdir, readdir, stat, utimes, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { bootId, processIdentity } from '../../src/host/process-tree.ts';
import { fetchIntoCache, withRepoCache } from '../../src/host/repo-cache.ts';
import { repoCache } from '../../src/host/state-dir.ts';
import { agentGit, makeOrigin, tempFolder, until } from './scratch.ts';

const MIRROR = ['+refs/heads/*:refs/heads/*'];

async function makeCachePath(): Promise<string> {
  const cache = repoCache(await tempFolder(), 'https://example.org/shop.git');
  await mkdir(dirname(cache), { recursive: true });
  return cache;
}

const exists = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );

describe('the cache of a repository', () => {
  it('is there as a whole once somebody needs it, and nothing lies beside it', async () => {
    const cache = await makeCachePath();
    await withRepoCache(cache, async () => expect(await agentGit(cache, 'rev-parse', '--is-bare-repository')).toBe('true'));
    expect((await readdir(dirname(cache))).length).toBe(1);
  });

  it('is in the hands of one at a time', async () => {
    const cache = await makeCachePath();
    let inside = 0;
    let most = 0;
    const visit = () =>
      withRepoCache(cache, async () => {
        most = Math.max(most, ++inside);
        await agentGit(cache, 'rev-parse', '--git-dir');
        inside--;
      });
    await Promise.all([visit(), visit(), visit()]);
    expect(most).toBe(1);
  });

  it('is given back where its user fails', async () => {
    const cache = await makeCachePath();
    await expect(withRepoCache(cache, () => Promise.reject(new Error('no luck')))).rejects.toThrow('no luck');
    expect(await withRepoCache(cache, async () => 'mine')).toBe('mine');
  });

  it.each([
    ['whose number is another process now', () => ({ ...processIdentity(process.pid), startTime: 1, bootId: bootId() })],
    ['of another boot', () => ({ ...processIdentity(process.pid), bootId: 'another' })],
    ['whose words were lost', () => ''],
  ])('is taken over from a holder %s', async (_, holder) => {
    const cache = await makeCachePath();
    await writeFile(`${cache}.lock`, typeof holder() === 'string' ? '' : JSON.stringify(holder()));
    expect(await withRepoCache(cache, async () => 'mine')).toBe('mine');
    expect(await exists(`${cache}.lock`)).toBe(false);
  });

  it('is waited for while another process that lives holds it, until it is no longer wanted', async () => {
    const cache = await makeCachePath();
    await writeFile(`${cache}.lock`, JSON.stringify({ ...processIdentity(process.ppid), bootId: bootId() }));
    const waiting = withRepoCache(cache, async () => 'mine', AbortSignal.timeout(200));
    await expect(waiting).rejects.toMatchObject({ name: 'AbortError' });
    expect((await readdir(dirname(cache))).length).toBe(1);
  });
});

describe('a fetch into the cache', () => {
  it('outlasts a lock file that a dead git left', async () => {
    const { repo } = await makeOrigin();
    const cache = await makeCachePath();
    await withRepoCache(cache, async () => {
      await mkdir(join(cache, 'refs/heads'), { recursive: true });
      const lock = join(cache, 'refs/heads/main.lock');
      await writeFile(lock, '');
      const hourAgo = new Date(Date.now() - 3_600_000);
      await utimes(lock, hourAgo, hourAgo);
      expect(await fetchIntoCache(cache, repo, MIRROR)).toEqual({ ok: true, stdout: '' });
      expect(await exists(lock)).toBe(false);
    });
  });

  it('gives back git’s words where the origin cannot be read', async () => {
    const cache = await makeCachePath();
    const fetched = await withRepoCache(cache, () => fetchIntoCache(cache, join(cache, 'nowhere'), MIRROR));
    expect(fetched).toMatchObject({ ok: false, stderr: expect.stringMatching(/does not appear to be a git repository/) });
    await until('the lock is given back', async () => !(await exists(`${cache}.lock`)));
  });
});
