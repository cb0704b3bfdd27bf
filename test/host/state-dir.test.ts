import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type Journal, listRunDirs, readJournal, repoCache, runMark, stateDir, writeJournal } from '../../src/host/state-dir.ts';
import { runIn, tempFolder, WORKFLOW_RUN } from './scratch.ts';

const JOURNAL: Journal = {
  v: 1,
  taskId: 'fix-it',
  n: 1,
  workflowId: 'task/fix-it',
  workflowRunId: WORKFLOW_RUN,
  bootId: 'boot',
  mark: 'mark',
  startedAt: '2025-01-01T00:00:00.000Z',
};

describe('the state directory', () => {
  it.each([
    ['is where XDG says', { XDG_STATE_HOME: '/state', HOME: '/home/me' }, '/state/outlive/h1'],
    ['is in the home where XDG says nothing', { HOME: '/home/me' }, '/home/me/.local/state/outlive/h1'],
    ['is in the home where XDG names no absolute path', { XDG_STATE_HOME: 'state', HOME: '/home/me' }, '/home/me/.local/state/outlive/h1'],
  ])('%s', (_, env, path) => {
    expect(stateDir('h1', env)).toBe(path);
  });

  it('names a run by task, number and the start of its workflow run', () => {
    const dir = runIn('/state', 3);
    expect(dir.root).toBe('/state/runs/fix-it/3-0198c0de');
    expect(dir.journal).toBe('/state/runs/fix-it/3-0198c0de/journal.json');
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
});

describe('a journal', () => {
  it('comes back as it was written, and leaves nothing beside it', async () => {
    const dir = runIn(await tempFolder());
    const journal: Journal = { ...JOURNAL, pid: 12, pidStartTime: 34, exit: { exitCode: 0, endedBy: 'itself', durationMs: 5 } };
    await writeJournal(dir, JOURNAL);
    await writeJournal(dir, journal);
    expect(await readJournal(dir)).toEqual({ kind: 'known', journal });
    expect(await readdir(dir.root)).toEqual(['journal.json']);
  });

  it('is missing where nothing was written', async () => {
    expect(await readJournal(runIn(await tempFolder()))).toEqual({ kind: 'missing' });
  });

  it.each([
    ['half a document', '{"v": 1, "taskId"', /journal\.json cannot be read/],
    ['an empty file', '', /journal\.json cannot be read/],
    ['no object', 'null', /journal of version undefined/],
    ['a newer version', '{"v": 2}', /journal of version 2; this Outlive reads version 1/],
    ['a missing field', JSON.stringify({ ...JOURNAL, workflowId: undefined, pid: '7' }), /without a readable workflowId, pid/],
  ])('is corrupt where there is %s', async (_, text, evidence) => {
    const dir = runIn(await tempFolder());
    await mkdir(dir.root, { recursive: true });
    await writeFile(dir.journal, text);
    expect(await readJournal(dir)).toEqual({ kind: 'corrupt', evidence: expect.stringMatching(evidence) });
  });

  it('is corrupt, and no exception, where a folder has its name', async () => {
    const dir = runIn(await tempFolder());
    await mkdir(join(dir.journal, 'x'), { recursive: true });
    expect(await readJournal(dir)).toMatchObject({ kind: 'corrupt' });
  });
});
