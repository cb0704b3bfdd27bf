import { mkdir, rm } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { listRunDirs, repoCache, runMark, stateDir, stateId } from '../../src/host/state-dir.ts';
import { runIn, tempFolder } from './scratch.ts';

describe('the state directory', () => {
  it.each([
    ['is where XDG says', { XDG_STATE_HOME: '/state', HOME: '/home/me' }, '/state/outlive/h1'],
    ['is in the home where XDG says nothing', { HOME: '/home/me' }, '/home/me/.local/state/outlive/h1'],
    ['is in the home where XDG names no absolute path', { XDG_STATE_HOME: 'state', HOME: '/home/me' }, '/home/me/.local/state/outlive/h1'],
  ])('%s', (_, env, path) => {
    expect(stateDir('h1', env)).toBe(path);
  });

  it('names a run by task, number and the end of the id of its workflow run', () => {
    const dir = runIn('/state', 3);
    expect(dir.root).toBe('/state/runs/fix-it/3-00000000');
    expect(dir.journal).toBe('/state/runs/fix-it/3-00000000/journal.jsonl');
    expect(runMark(dir)).not.toBe(runMark(runIn('/state', 2)));
  });

  it('names a cache so that people can read it and no two addresses share it', () => {
    const cache = repoCache('/state', 'https://github.com/acme/shop.git');
    expect(cache).toMatch(/^\/state\/cache\/https-github-com-acme-shop-[0-9a-f]{12}\.git$/);
    expect(repoCache('/state', 'https://github.com/acme/shop')).not.toBe(cache);
    expect(repoCache('/state', '../..')).toMatch(/^\/state\/cache\/repository-[0-9a-f]{12}\.git$/);
  });

  it('lists the folders of runs, and none where nothing has run', async () => {
    const state = await tempFolder();
    expect(await listRunDirs(state)).toEqual([]);
    const dirs = [runIn(state, 1), runIn(state, 2), runIn(state, 1, 'other')];
    for (const dir of dirs) await mkdir(dir.root, { recursive: true });
    expect(new Set(await listRunDirs(state))).toEqual(new Set(dirs));
  });

  it('has an id of its own, that stays, and another one once it was made anew', async () => {
    const state = await tempFolder();
    const id = await stateId(state);
    expect(await stateId(state)).toBe(id);
    await rm(state, { recursive: true });
    expect(await stateId(state)).not.toBe(id);
  });
});
