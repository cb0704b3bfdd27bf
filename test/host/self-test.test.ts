// A host that tests itself: on real folders, a real full disk, real programs.

import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { selfTest } from '../../src/host/self-test.ts';
import { tempFolder } from './scratch.ts';
import { fillUp, smallDisk } from './small-disk.ts';

const path = process.env['PATH'];

describe('the self-test of a host', () => {
  it('says what it found, and leaves nothing behind', async () => {
    const state = await tempFolder();
    const { ok, evidence } = await selfTest({ state, floor: 0, path, programs: ['git', process.execPath] });
    expect(ok).toBe(true);
    expect(evidence).toMatch(/^disk .+ free, memory .+ available, git version .+, git, .+node there$/);
    expect(await readdir(state)).toEqual([]);
  });

  it.each([
    ['a program that its runs need is gone', { programs: ['no-such-agent'] }, /^program: no-such-agent/],
    ['git cannot be started', { path: '/nowhere' }, /^git: it could not be started$/],
    ['less space is free than has to stay so', { floor: Number.MAX_SAFE_INTEGER }, /^disk: .+ free, and .+ are to stay so/],
  ])('fails where %s', async (_, over, says) => {
    const tested = await selfTest({ state: await tempFolder(), floor: 0, path, programs: [], ...over });
    expect(tested).toEqual({ ok: false, evidence: expect.stringMatching(says) });
  });

  it('fails where its state cannot be written', async () => {
    const state = join(await tempFolder(), 'gone');
    expect(await selfTest({ state, floor: 0, path, programs: [] })).toEqual({
      ok: false,
      evidence: expect.stringMatching(/^disk: .+ \(ENOENT\)$/),
    });
  });

  it('fails on a disk that is full', async (context) => {
    const state = await smallDisk(context);
    await fillUp(state);
    const { ok, evidence } = await selfTest({ state, floor: 0, path, programs: [] });
    expect({ ok, evidence }).toEqual({ ok: false, evidence: expect.stringContaining('(ENOSPC)') });
    expect(await readdir(state)).toEqual(['ballast']);
  });
});
