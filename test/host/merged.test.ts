// Work that came into the base by any of the ways in which forges merge.

import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { mergedAs } from '../../src/host/merged.ts';
import { makeOrigin } from '../e2e/origin.ts';

let folder: string;
let origin: string;
let clone: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'outlive-merged-'));
  origin = makeOrigin(folder);
  clone = join(folder, 'first');
  git('config', 'user.name', 'Test');
  git('config', 'user.email', 'test@localhost');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const git = (...args: string[]): string =>
  execFileSync('git', args, { cwd: clone, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
function commit(file: string, text: string): string {
  writeFileSync(join(clone, file), text);
  git('add', '.');
  git('commit', '--quiet', '-m', `${file} ${text}`);
  return git('rev-parse', 'HEAD');
}

/** Two commits on the task's branch, kept at the origin; meanwhile the base goes on. */
function work(): string {
  git('checkout', '--quiet', '-b', 'outlive/fix');
  commit('one', 'one\n');
  const head = commit('two', 'two\n');
  git('push', '--quiet', 'origin', 'HEAD:refs/outlive/fix/run-1-0a1b2c3d');
  git('checkout', '--quiet', 'main');
  commit('other', 'other\n');
  return head;
}
const push = () => git('push', '--quiet', 'origin', 'main');
const how = (head: string) =>
  mergedAs({ cache: join(folder, 'cache', 'shop.git'), repo: origin, base: 'main', head, ref: 'refs/outlive/fix/run-1-0a1b2c3d' });

describe('the work of a branch that is gone', () => {
  it('is not merged where the base does not have it', async () => {
    const head = work();
    push();
    expect(await how(head)).toBeUndefined();
  });

  it('is merged by a merge commit', async () => {
    const head = work();
    git('merge', '--quiet', '--no-ff', '-m', 'merge', 'outlive/fix');
    push();
    expect(await how(head)).toBe('merge');
  });

  it('is merged commit by commit on top of the base', async () => {
    const head = work();
    git('cherry-pick', 'outlive/fix~2..outlive/fix');
    push();
    expect(await how(head)).toBe('rebase');
  });

  it('is merged as one commit, also after the base went on', async () => {
    const head = work();
    git('merge', '--quiet', '--squash', 'outlive/fix');
    git('commit', '--quiet', '-m', 'squashed');
    commit('later', 'later\n');
    push();
    expect(await how(head)).toBe('squash');
  });

  it('is not merged where only a part of it is', async () => {
    const head = work();
    git('cherry-pick', 'outlive/fix~1');
    push();
    expect(await how(head)).toBeUndefined();
  });

  it('is not known to be where nothing can be fetched', async () => {
    const head = work();
    rmSync(origin, { recursive: true });
    expect(await how(head)).toBeUndefined();
  });
});
