import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, readdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { taskWorkflowId } from '../../src/domain/names.ts';
import type { TaskLook } from '../../src/domain/retention.ts';
import type { Swept } from '../../src/host/janitor/sweep.ts';
import { sweepHost } from '../../src/host/janitor.ts';
import { withRepoCache } from '../../src/host/repo-cache.ts';
import { repoCache } from '../../src/host/state-dir.ts';
import { type MadeRun, makeRun } from './kept-run.ts';
import { agentGit, makeOrigin, type Origin, tempFolder, until, write } from './scratch.ts';

const DAY_MS = 86_400_000;
const TERMS = { doneMs: 7 * DAY_MS, otherMs: 30 * DAY_MS, diskBytes: 1e15 };
const FULL = { ...TERMS, diskBytes: 0 };

const done = (days: number): TaskLook => ({ kind: 'closed', done: true, closedAt: Date.now() - days * DAY_MS });
const ended = (days: number): TaskLook => ({ kind: 'closed', done: false, closedAt: Date.now() - days * DAY_MS });
const OPEN: TaskLook = { kind: 'open' };

interface Fleet {
  readonly state: string;
  readonly origin: Origin;
  readonly cache: string;
  /** What the server says of each task; open where it is left out. */
  readonly looks: Record<string, TaskLook>;
  readonly asked: string[];
  sweep(terms?: typeof TERMS, inDays?: number): Promise<Swept>;
  run(more?: Partial<Parameters<typeof makeRun>[0]>): Promise<MadeRun>;
  /** A run that left a commit and a file that is not committed, both banked. */
  banked(more?: Partial<Parameters<typeof makeRun>[0]>): Promise<MadeRun>;
}

async function makeFleet(): Promise<Fleet> {
  const [state, origin] = [await tempFolder(), await makeOrigin()];
  const looks: Record<string, TaskLook> = {};
  const asked: string[] = [];
  const run: Fleet['run'] = (more = {}) => makeRun({ state, origin, ...more });
  return {
    state,
    origin,
    cache: repoCache(state, origin.repo),
    looks,
    asked,
    run,
    banked: async (more) => {
      const made = await run(more);
      await made.commit('fix.txt', 'fixed');
      await write(made.dir.workspace, 'more.txt', 'not committed');
      expect(await made.bankIt()).toMatchObject({ state: 'banked' });
      return made;
    },
    sweep: (terms = TERMS, inDays = 0) =>
      sweepHost({
        state,
        terms,
        now: Date.now() + inDays * DAY_MS,
        ask: async (workflowId) => {
          asked.push(workflowId);
          return looks[workflowId.replace('task/', '')] ?? OPEN;
        },
        signal: new AbortController().signal,
      }),
  };
}

const isThere = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );
const runsOf = async (state: string) => (await readdir(join(state, 'runs'))).toSorted();
const recordsOf = (state: string) => readdir(join(state, 'banks')).catch(() => []);
const refsIn = (repo: string) => agentGit(repo, 'for-each-ref', '--format=%(refname)', 'refs/outlive');

describe('a sweep', () => {
  it('drops what a done task left after its time: clone, logs and banks, at the origin and in the cache', async () => {
    const { state, origin, cache, looks, sweep, banked } = await makeFleet();
    const made = await banked();
    looks['fix-it'] = done(6);
    expect(await sweep()).toEqual({ dropped: [], kept: [], caches: [], freedBytes: 0 });
    expect(await origin.at(made.wip)).toBeDefined();
    looks['fix-it'] = done(8);
    const swept = await sweep();
    expect(swept).toMatchObject({ dropped: [{ run: made.dir.root, why: expect.stringMatching(/^its task was done 8 d ago/) }], kept: [] });
    expect(swept.freedBytes).toBeGreaterThan(4096);
    expect(await runsOf(state)).toEqual([]);
    expect([await refsIn(origin.repo), await refsIn(cache), await recordsOf(state)]).toEqual(['', '', []]);
    expect(await sweep()).toEqual({ dropped: [], kept: [], caches: [], freedBytes: 0 });
  });

  it('drops nothing else at the origin', async () => {
    const { origin, looks, sweep, banked } = await makeFleet();
    const [made, other] = [await banked(), await banked({ taskId: 'fix-it-too' })];
    await agentGit(origin.repo, 'update-ref', 'refs/heads/outlive/fix-it', (await origin.at(made.ref)) ?? '');
    looks['fix-it'] = done(8);
    await sweep();
    expect(await origin.at('refs/heads/outlive/fix-it')).toBeDefined();
    expect(await refsIn(origin.repo)).toBe(`${other.ref}\n${other.wip}`);
    expect(await isThere(other.dir.workspace)).toBe(true);
  });

  it('banks once more before it drops, so that nothing unbanked goes', async () => {
    const { origin, looks, sweep, banked } = await makeFleet();
    const made = await banked();
    const head = await made.commit('late.txt', 'nobody banked this');
    looks['fix-it'] = done(1);
    expect((await sweep(FULL)).dropped).toHaveLength(1);
    expect(await origin.at(made.ref)).toBe(head);
    expect(await agentGit(origin.repo, 'show', `${head}:late.txt`)).toBe('nobody banked this');
  });

  it('keeps what cannot be banked, says why, and drops it once that can be', async () => {
    const { origin, looks, sweep, banked } = await makeFleet();
    const made = await banked();
    await made.commit('late.txt', 'nobody banked this');
    looks['fix-it'] = done(400);
    await rename(origin.repo, `${origin.repo}.away`);
    const why = expect.stringMatching(/lies only on host .*git ls-remote failed.*tried again at each sweep.*by hand/);
    expect(await sweep(FULL)).toMatchObject({ dropped: [], kept: [{ run: made.dir.root, why }] });
    expect(await readFile(join(made.dir.workspace, 'late.txt'), 'utf8')).toBe('nobody banked this');
    await rename(`${origin.repo}.away`, origin.repo);
    expect(await sweep(FULL)).toMatchObject({ dropped: [{ run: made.dir.root }], kept: [] });
    expect(await refsIn(origin.repo)).toBe('');
  });

  it.each([
    ['its clone cannot be read', (made: MadeRun) => rm(join(made.dir.workspace, '.git'), { recursive: true }), /the clone cannot be read/],
    [
      'its journal cannot be read',
      (made: MadeRun) => writeFile(made.dir.journal, '{"v":1}\n'),
      /the journal .* cannot be relied on.*by hand/,
    ],
    ['its journal is gone', (made: MadeRun) => rm(made.dir.journal), /an agent was here, and the journal .* is gone/],
    ['its outcome is another’s', (made: MadeRun) => writeFile(made.dir.outcome, '{"v":1}'), /the journal .* cannot be relied on/],
    ['its task cannot be read', (made: MadeRun) => writeFile(made.dir.input, 'half a fil'), /input\.json does not say/],
    ['its task is another’s', (made: MadeRun) => writeFile(made.dir.input, '{"n":7,"task":{"id":"x"}}'), /input\.json does not say/],
  ])('keeps a run, and says what to do, where %s', async (_, spoil, why) => {
    const { origin, cache, looks, sweep, banked } = await makeFleet();
    const made = await banked();
    await spoil(made);
    looks['fix-it'] = done(400);
    expect(await sweep(FULL)).toMatchObject({ dropped: [], kept: [{ run: made.dir.root, why: expect.stringMatching(why) }] });
    expect(await isThere(join(made.dir.workspace, 'fix.txt'))).toBe(true);
    for (const repo of [origin.repo, cache]) expect(await refsIn(repo)).toBe(`${made.ref}\n${made.wip}`);
  });

  it('keeps a run of a closed task that nobody was told of', async () => {
    const { looks, sweep, run } = await makeFleet();
    const { dir } = await run({ until: 'prepared' });
    looks['fix-it'] = done(400);
    const why = expect.stringMatching(/its journal does not say that anybody was told/);
    expect(await sweep(FULL)).toMatchObject({ dropped: [], kept: [{ run: dir.root, why }] });
    expect(await isThere(dir.workspace)).toBe(true);
  });

  it('never touches an open task, whatever the disk says, nor one that a reset opened again', async () => {
    const { origin, looks, banked, state } = await makeFleet();
    await banked();
    await banked({ taskId: 'reset', workflowRunId: 'f198c0de-1111' });
    looks['reset'] = done(400);
    const before = await refsIn(origin.repo);
    const askedOnce = new Set<string>();
    const swept = await sweepHost({
      state,
      terms: FULL,
      now: Date.now(),
      ask: async (workflowId) => {
        const isSecond = askedOnce.has(workflowId);
        askedOnce.add(workflowId);
        return isSecond ? OPEN : (looks[workflowId.replace('task/', '')] ?? OPEN);
      },
      signal: new AbortController().signal,
    });
    expect(swept).toEqual({ dropped: [], kept: [], caches: [], freedBytes: 0 });
    expect(await runsOf(state)).toEqual(['fix-it', 'reset']);
    expect(await refsIn(origin.repo)).toBe(before);
  });

  it('drops nothing while the server is silent, asks it once, and says so', async () => {
    const { asked, looks, sweep, state } = await makeFleet();
    for (let n = 1; n <= 20; n += 1) {
      await makeRun({ state, taskId: `t${n}` });
      looks[`t${n}`] = { kind: 'unknown', why: 'no server' };
    }
    expect(await sweep(FULL)).toEqual({
      dropped: [],
      kept: [{ run: join(state, 'runs'), why: expect.stringMatching(/no server.*asked again/) }],
      caches: [],
      freedBytes: 0,
    });
    expect(asked.length).toBeLessThanOrEqual(8);
    expect((await runsOf(state)).length).toBe(20);
  });

  it('takes a task that the server has forgotten for closed when its run was last heard of', async () => {
    const { looks, sweep, banked, state } = await makeFleet();
    await banked();
    looks['fix-it'] = { kind: 'forgotten' };
    expect((await sweep(TERMS, 29)).dropped).toEqual([]);
    expect((await sweep(TERMS, 31)).dropped).toHaveLength(1);
    expect(await runsOf(state)).toEqual([]);
  });

  it('drops a clone that no agent was ever in, with its time', async () => {
    const { looks, sweep, run } = await makeFleet();
    const { dir } = await run({ until: 'never_started' });
    looks['fix-it'] = ended(29);
    expect((await sweep(FULL)).dropped).toEqual([]);
    looks['fix-it'] = ended(30);
    expect((await sweep()).dropped).toMatchObject([{ run: dir.root }]);
  });

  it('drops the folder of a task without a repository', async () => {
    const { state, looks, sweep } = await makeFleet();
    await makeRun({ state, taskId: 'plain' });
    looks['plain'] = done(8);
    expect((await sweep()).dropped).toHaveLength(1);
    expect(await runsOf(state)).toEqual([]);
  });
});

describe('a disk that is short', () => {
  it('takes the oldest closed first, only as many as it must, and leaves the banks until their time', async () => {
    const { state, origin, cache, looks, sweep, banked } = await makeFleet();
    const [newer, oldest, middle] = [
      await banked({ taskId: 'newer' }),
      await banked({ taskId: 'oldest' }),
      await banked({ taskId: 'middle' }),
    ];
    await banked({ taskId: 'open' });
    Object.assign(looks, { newer: done(1), oldest: ended(6), middle: done(3) });
    for (const { dir } of [newer, oldest, middle]) await writeFile(dir.stderr, Buffer.alloc(8 * 1024 ** 2, 1));
    const swept = await sweep({ ...TERMS, diskBytes: 12 * 1024 ** 2 });
    expect(swept.dropped.map(({ run }) => run)).toEqual([oldest.dir.root, middle.dir.root]);
    expect(swept.dropped[0]?.why).toMatch(/^runs and caches took \d+(\.\d)? MiB of 12 MiB; its task ended .* 6 d ago; what it left stays/);
    expect(await runsOf(state)).toEqual(['newer', 'open']);
    for (const repo of [origin.repo, cache]) expect(await refsIn(repo)).toMatch(/middle.*newer.*oldest/s);
    looks['middle'] = done(7);
    looks['oldest'] = ended(8);
    await sweep();
    for (const repo of [origin.repo, cache]) expect(await refsIn(repo)).not.toMatch(/middle/);
    for (const repo of [origin.repo, cache]) expect(await refsIn(repo)).toMatch(/oldest/);
    looks['oldest'] = { kind: 'forgotten' };
    await sweep(TERMS, 20);
    expect(await refsIn(origin.repo)).toMatch(/oldest/);
    await sweep(TERMS, 25);
    expect(await refsIn(origin.repo)).not.toMatch(/oldest/);
    expect(await recordsOf(state)).toEqual([]);
  });
});

describe('banks whose time is over', () => {
  it('stay in the cache, and only there, for a task that banks on its host', async () => {
    const { origin, cache, looks, sweep, banked, state } = await makeFleet();
    const made = await banked({ bank: 'host' });
    looks['fix-it'] = ended(10);
    expect((await sweep(FULL)).dropped).toMatchObject([{ run: made.dir.root }]);
    expect(await refsIn(cache)).toBe(`${made.ref}\n${made.wip}`);
    looks['fix-it'] = ended(30);
    await rename(origin.repo, `${origin.repo}.away`);
    expect(await sweep()).toMatchObject({ kept: [] });
    expect([await refsIn(cache), await recordsOf(state)]).toEqual(['', []]);
  });

  it('are tried again while their origin does not answer', async () => {
    const { origin, looks, sweep, banked, state } = await makeFleet();
    await banked();
    looks['fix-it'] = done(1);
    await sweep(FULL);
    looks['fix-it'] = done(8);
    await rename(origin.repo, `${origin.repo}.away`);
    const why = expect.stringMatching(/^its bank at .* could not be deleted \(git .*\); tried again/);
    expect(await sweep()).toMatchObject({ kept: [{ run: join(state, 'banks', 'fix-it.1-00000000.json'), why }] });
    await rename(`${origin.repo}.away`, origin.repo);
    expect(await sweep()).toMatchObject({ kept: [] });
    expect([await refsIn(origin.repo), await recordsOf(state)]).toEqual(['', []]);
  });

  it('are tried again while their origin refuses', async () => {
    const { origin, looks, sweep, banked } = await makeFleet();
    await banked();
    await hook(origin, 'pre-receive', 'echo "the house is closed" >&2; exit 1');
    looks['fix-it'] = done(8);
    const why = expect.stringMatching(/could not be deleted \(git push failed.*(pre-receive hook declined|the house is closed)/);
    expect(await sweep()).toMatchObject({ dropped: [{ why: expect.any(String) }], kept: [{ why }] });
    await rm(join(origin.repo, 'hooks', 'pre-receive'));
    await sweep();
    expect(await refsIn(origin.repo)).toBe('');
  });

  it('go in one push for all', async () => {
    const { origin, looks, sweep, banked } = await makeFleet();
    for (let n = 1; n <= 3; n += 1) await banked({ taskId: `t${n}` });
    for (let n = 1; n <= 3; n += 1) looks[`t${n}`] = done(8);
    await hook(origin, 'pre-receive', 'echo push >> pushes');
    await sweep();
    expect(await refsIn(origin.repo)).toBe('');
    expect(await readFile(join(origin.repo, 'pushes'), 'utf8')).toBe('push\n');
  });

  it('are left alone where somebody else moved them, and missed by nobody where they are gone', async () => {
    const { origin, looks, sweep, banked, state } = await makeFleet();
    const [moved, gone] = [await banked({ taskId: 'moved' }), await banked({ taskId: 'gone' })];
    Object.assign(looks, { moved: done(1), gone: done(1) });
    await sweep(FULL);
    const theirs = await origin.at('refs/heads/main');
    await agentGit(origin.repo, 'update-ref', moved.ref, theirs ?? '');
    await agentGit(origin.repo, 'update-ref', '-d', gone.ref);
    Object.assign(looks, { moved: done(8), gone: done(8) });
    expect(await sweep()).toMatchObject({ kept: [] });
    expect(await refsIn(origin.repo)).toBe(moved.ref);
    expect(await origin.at(moved.ref)).toBe(theirs);
    expect(await recordsOf(state)).toEqual([]);
  });

  it('that a run took back itself go too', async () => {
    const { origin, looks, sweep, banked } = await makeFleet();
    const made = await banked();
    await agentGit(made.dir.workspace, 'reset', '--quiet', '--hard', 'origin/main');
    await rm(join(made.dir.workspace, 'more.txt'), { force: true });
    expect(await made.bankIt()).toEqual({ state: 'nothing' });
    expect(await origin.at(made.ref)).toBeDefined();
    looks['fix-it'] = done(8);
    await sweep();
    expect(await refsIn(origin.repo)).toBe('');
  });

  it('stay where their record cannot be read', async () => {
    const { origin, looks, sweep, banked, state } = await makeFleet();
    const made = await banked();
    looks['fix-it'] = done(1);
    await sweep(FULL);
    const record = join(state, 'banks', 'fix-it.1-00000000.json');
    await writeFile(record, '{"v":1}');
    looks['fix-it'] = done(8);
    expect(await sweep()).toMatchObject({ kept: [{ run: record, why: expect.stringMatching(/git ls-remote.*then remove this file/) }] });
    expect(await origin.at(made.ref)).toBeDefined();
  });
});

async function hook({ repo }: Origin, name: string, script: string): Promise<void> {
  await mkdir(join(repo, 'hooks'), { recursive: true });
  await write(join(repo, 'hooks'), name, `#!/bin/sh\n${script}\n`);
  await chmod(join(repo, 'hooks', name), 0o755);
}

describe('caches', () => {
  const longAgo = async (cache: string) => {
    const old = Date.now() / 1000 - 60 * 86_400;
    for (const path of await readdir(cache, { recursive: true })) await utimes(join(cache, path), old, old);
    await utimes(cache, old, old);
  };

  it('go when nobody has used them for long', async () => {
    const { cache, looks, sweep, banked } = await makeFleet();
    await banked();
    looks['fix-it'] = done(8);
    await sweep();
    expect((await sweep(TERMS, 29)).caches).toEqual([]);
    const swept = await sweep(TERMS, 31);
    expect(swept.caches).toEqual([cache]);
    expect(swept.freedBytes).toBeGreaterThan(4096);
    expect(await readdir(dirname(cache))).toEqual([]);
  });

  it('stay while a run has its clone from them, and are as good as new when it goes', async () => {
    const { cache, looks, sweep, run } = await makeFleet();
    await run();
    await longAgo(cache);
    expect((await sweep()).caches).toEqual([]);
    looks['fix-it'] = done(8);
    await sweep();
    expect((await sweep(TERMS, 29)).caches).toEqual([]);
    expect((await sweep(TERMS, 31)).caches).toEqual([cache]);
  });

  it('stay while they are the bank of a task that is open or was closed lately, though its folder was removed by hand', async () => {
    const { cache, looks, sweep, banked } = await makeFleet();
    const made = await banked({ bank: 'host' });
    await rm(made.dir.root, { recursive: true });
    await longAgo(cache);
    expect((await sweep()).caches).toEqual([]);
    looks['fix-it'] = ended(29);
    expect((await sweep()).caches).toEqual([]);
    expect(await refsIn(cache)).toBe(`${made.ref}\n${made.wip}`);
    looks['fix-it'] = ended(30);
    expect((await sweep()).caches).toEqual([cache]);
  });

  it('lose refs that were fetched for a task which is over by now, and keep those of others', async () => {
    const { cache, looks, sweep, banked } = await makeFleet();
    const made = await banked();
    const sha = await agentGit(cache, 'rev-parse', made.ref);
    for (const task of ['over', 'open']) await agentGit(cache, 'update-ref', `refs/outlive/${task}/run-3-abcdef12`, sha);
    looks['over'] = done(8);
    await sweep();
    expect(await refsIn(cache)).toBe(`${made.ref}\n${made.wip}\nrefs/outlive/open/run-3-abcdef12`);
  });
});

describe('a sweep after one that was cut off', () => {
  it('removes folders that were given up', async () => {
    const { state, cache, sweep, banked } = await makeFleet();
    const { dir } = await banked();
    await withRepoCache(cache, () => rename(cache, `${cache}.gone`));
    await rename(dir.root, `${dir.root}.gone`);
    expect(await sweep()).toEqual({ dropped: [], kept: [], caches: [], freedBytes: 0 });
    expect(await runsOf(state)).toEqual([]);
    expect(await readdir(dirname(cache))).toEqual([]);
  });

  it('finds a folder with its record, and drops the folder before the bank', async () => {
    const { state, origin, looks, sweep, banked } = await makeFleet();
    const made = await banked();
    const refs = { [made.ref]: await origin.at(made.ref), [made.wip]: await origin.at(made.wip) };
    const which = { taskId: 'fix-it', run: '1-00000000', workflowId: taskWorkflowId('fix-it') };
    await mkdir(join(state, 'banks'));
    await writeFile(
      join(state, 'banks', 'fix-it.1-00000000.json'),
      JSON.stringify({ v: 1, ...which, repo: origin.repo, at: 'origin', refs, closed: { done: true, closedAt: 0 } }),
    );
    looks['fix-it'] = done(8);
    await rename(join(made.dir.workspace, '.git'), join(made.dir.root, 'git'));
    expect(await sweep()).toMatchObject({ dropped: [], kept: [{ run: made.dir.root }] });
    expect(await refsIn(origin.repo)).toBe(`${made.ref}\n${made.wip}`);
    await rename(join(made.dir.root, 'git'), join(made.dir.workspace, '.git'));
    await sweep();
    expect([await runsOf(state), await recordsOf(state), await refsIn(origin.repo)]).toEqual([[], [], '']);
  });

  it.each([
    ['banks', 'true'],
    ['drops the banks', "! grep -qv ' 00000000' pushed"],
  ])('goes on where the worker was killed while it %s', async (_, isHeld) => {
    const { state, origin, cache, looks, sweep, banked } = await makeFleet();
    const made = await banked();
    await made.commit('late.txt', 'nobody banked this');
    await hook(origin, 'pre-receive', `cat > pushed; if ${isHeld}; then touch held; while [ -e held ]; do sleep 0.05; done; fi`);
    const kill = startSweep(state);
    const held = join(origin.repo, 'held');
    await until('the push is held', () => isThere(held));
    await kill();
    await rm(join(origin.repo, 'hooks', 'pre-receive'));
    await rm(held);
    looks['fix-it'] = done(400);
    // The git that the dead worker started may be at it yet.
    await until('nothing is left', async () => {
      await sweep();
      const left = [...(await runsOf(state)), ...(await recordsOf(state))];
      return left.length === 0 && (await refsIn(origin.repo)) === '' && (await refsIn(cache)) === '';
    });
  });
});

/** A worker that does nothing but sweep; gives how to kill it. */
function startSweep(state: string): () => Promise<void> {
  const program = fileURLToPath(new URL('../fixtures/sweep-host.ts', import.meta.url));
  const child = spawn(process.execPath, ['--import', 'tsx', program, state], { stdio: ['ignore', 'ignore', 'inherit'] });
  const gone = once(child, 'exit');
  return async () => {
    child.kill('SIGKILL');
    expect((await gone)[1]).toBe('SIGKILL');
  };
}
