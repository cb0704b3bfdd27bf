// A closed task once more, from what its runs left, on a real server with a real origin.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, it, vi } from 'vitest';
import type { TaskSpec } from '../../src/domain/task.ts';
import { outlive } from '../cli/outside.ts';
import { agent, type SmallFleet, startSmallFleet, WORK } from './small-fleet.ts';

let fleet: SmallFleet;
let env: NodeJS.ProcessEnv;
beforeAll(async () => {
  fleet = await startSmallFleet('again');
  env = {
    TEMPORAL_ADDRESS: inject('temporalAddress'),
    TEMPORAL_NAMESPACE: fleet.client.options.namespace,
    TEMPORAL_CONFIG_FILE: join(fleet.folder, 'none.toml'),
    XDG_STATE_HOME: fleet.folder,
    USER: 'ana',
  };
});
afterAll(() => fleet?.stop());

/** Says what it is told; commits a part, leaves a note lying and gives up; where the part is there already, commits the rest. */
const PART = 'echo part > part && git add . && git commit -qm part && echo "look here" > note && exit 3';
const REST = 'cat note && rm note && echo rest > rest && git add . && git commit -qm rest';
const PART_THEN_REST = `cat "$OUTLIVE_PROMPT_FILE"; if [ -e part ]; then ${REST}; else ${PART}; fi`;

async function json(args: readonly string[], stdin = '') {
  const { code, stdout } = await outlive([...args, '--json'], { env, stdin });
  return { code, body: JSON.parse(stdout) };
}

/** Lives until a person closes it as failed. */
async function failed(id: string, shell = PART_THEN_REST, more: Partial<TaskSpec> = {}): Promise<void> {
  await fleet.start(id, shell, shell, more);
  await fleet.question(id);
  await outlive(['answer', id, 'close', '--note', 'not today'], { env });
  await ended(id);
}
const ended = (id: string) =>
  fleet
    .handle(id)
    .result()
    .catch(() => {});
const log = async (id: string): Promise<string> => (await outlive(['logs', id], { env })).stdout;
const specOf = (shell: string, more: object = {}): string =>
  JSON.stringify({
    prompt: 'Do it otherwise.',
    agent: { use: 'command', argv: agent('ends-as-told', shell, shell) },
    workspace: { repo: fleet.origin },
    outputs: [{ kind: 'commit' }, { kind: 'push' }],
    ...more,
  });

describe('a closed task once more', () => {
  it('goes on under the next name from what its runs left, and its first run is told so', async () => {
    await failed('fix');
    expect(await json(['again', 'fix'])).toEqual({
      code: 0,
      body: { id: 'fix-r2', workflowId: 'task/fix-r2', started: true, continues: 'fix' },
    });
    await ended('fix-r2');
    const status = await fleet.status('fix-r2');
    expect(status).toMatchObject({ state: 'done', runs: [{ n: 1, outcome: 'finished' }] });
    const said = await log('fix-r2');
    expect(said).toMatch(
      /This task continues the task fix, which ended as failed \(.*not today.*\)\. What its runs left is here already: commit [0-9a-f]{10}, and uncommitted work in the work tree\. Verify it first, then do only the rest\./,
    );
    expect(said).toContain('look here');
    expect(fleet.git('log', '--reverse', '--format=%s', 'main..outlive/fix-r2')).toBe('part\nrest');
    expect(fleet.git('branch', '--list', 'outlive/fix')).toBe('');
  });

  it('counts on from a name that has a number, and goes on from that one', async () => {
    await failed('count', 'echo x >> lines && git add . && git commit -qm line && exit 3');
    await outlive(['again', 'count'], { env });
    await fleet.question('count-r2');
    await outlive(['stop', 'count-r2', '--why', 'enough'], { env });
    await ended('count-r2');
    expect((await json(['again', 'count-r2'])).body).toMatchObject({ id: 'count-r3', continues: 'count-r2' });
    await fleet.question('count-r3');
    const { bank } = await fleet.status('count-r3');
    expect(bank?.ref).toMatch(/^refs\/outlive\/count-r3\/run-1-/);
    expect(fleet.git('show', `${bank?.head}:lines`)).toBe('x\nx\nx');
  });

  it('is started once, however often it is asked for, and then under the next free name', async () => {
    await failed('once');
    const waits = specOf(WORK, { pool: 'no-such-pool' });
    expect((await json(['again', 'once', '--spec', '-'], waits)).body).toMatchObject({ id: 'once-r2', started: true });
    expect((await json(['again', 'once', '--spec', '-'], waits)).body).toMatchObject({ id: 'once-r2', started: false });
    expect((await json(['again', 'once'])).body).toMatchObject({ error: { code: 'different_spec' } });
    await outlive(['stop', 'once-r2'], { env });
    await ended('once-r2');
    expect((await json(['again', 'once'])).body).toEqual({ id: 'once-r3', workflowId: 'task/once-r3', started: true, continues: 'once' });
  });

  it('keeps the work for whoever continues it, also where it was stopped before a run of its own', async () => {
    await failed('chain');
    await outlive(['again', 'chain', '--spec', '-'], { env, stdin: specOf(WORK, { pool: 'no-such-pool' }) });
    await vi.waitFor(async () => expect((await fleet.status('chain-r2')).runs).toHaveLength(1), { timeout: 10_000 });
    await outlive(['stop', 'chain-r2'], { env });
    await ended('chain-r2');
    await outlive(['again', 'chain-r2', '--spec', '-'], { env, stdin: specOf(PART_THEN_REST) });
    await ended('chain-r3');
    expect(fleet.git('log', '--reverse', '--format=%s', 'main..outlive/chain-r3')).toBe('part\nrest');
  });

  it('goes on at the one host that keeps the work, where only that does', async () => {
    await failed('kept', PART_THEN_REST, { bank: 'host' });
    const { bank } = await fleet.status('kept');
    expect(bank).toMatchObject({ state: 'banked', at: 'host', host: 'again' });
    const other = await json(['again', 'kept', '--spec', '-'], specOf(WORK, { workspace: { repo: '/srv/other' } }));
    expect(other).toMatchObject({ code: 2, body: { error: { code: 'bad_spec', at: 'workspace.repo' } } });
    await outlive(['again', 'kept'], { env });
    await ended('kept-r2');
    const offered = (await fleet.events('kept-r2')).find(
      ({ activityTaskScheduledEventAttributes: asked }) => asked?.activityId === 'run-1',
    );
    expect(offered?.activityTaskScheduledEventAttributes?.taskQueue?.name).toMatch(/^host\.again\b/);
    expect(fleet.git('log', '--reverse', '--format=%s', 'main..outlive/kept-r2')).toBe('part\nrest');
  });

  it('starts from its base where nothing is kept, and says so', async () => {
    await failed('empty', `cat "$OUTLIVE_PROMPT_FILE"; exit 3`);
    await outlive(['again', 'empty'], { env });
    await fleet.question('empty-r2');
    expect(await log('empty-r2')).toContain('Nothing that its runs did is kept, so this one starts anew.');
  });

  it('shows what is kept, to people and to scripts', async () => {
    await failed('shown');
    const { bank } = (await json(['show', 'shown'])).body;
    expect(bank).toEqual({
      state: 'banked',
      ref: expect.stringMatching(/^refs\/outlive\/shown\/run-1-[0-9a-f]{8}$/),
      head: fleet.git('rev-parse', bank.ref),
      wip: fleet.git('rev-parse', `${bank.ref}-wip`),
      at: 'origin',
      host: 'again',
    });
    const { stdout } = await outlive(['show', 'shown'], { env });
    expect(stdout).toContain(`bank   ${bank.ref} at ${bank.head.slice(0, 10)}, and uncommitted work beside it, at the origin`);
  });
});

describe('is refused', () => {
  it('while the task is open', async () => {
    await fleet.start('open', 'exit 3');
    await fleet.question('open');
    expect(await json(['again', 'open'])).toEqual({
      code: 1,
      body: { error: { code: 'still_open', message: expect.stringContaining('outlive show open') } },
    });
  });

  it('where there is no such task', async () => {
    expect(await json(['again', 'nobody'])).toMatchObject({ code: 1, body: { error: { code: 'not_found' } } });
  });

  it('with the spec of another task, before the server is asked', async () => {
    const file = join(fleet.folder, 'other.json');
    writeFileSync(file, specOf(WORK, { id: 'another' }));
    const { code, stderr } = await outlive(['again', 'nobody', '--spec', file], { env });
    expect(code).toBe(2);
    expect(stderr).toContain('id: found "another", which is another task; expected no id, or "nobody"');
  });

  it('with a name that becomes too long', async () => {
    expect(await json(['again', 'x'.repeat(61)])).toMatchObject({ code: 2, body: { error: { code: 'bad_input' } } });
  });

  it('by the task itself, where a spec names one that is open', async () => {
    await fleet.start('still-open', 'exit 3');
    await fleet.question('still-open');
    await fleet.start('too-early', WORK, WORK, { continues: 'still-open' });
    await expect(fleet.handle('too-early').result()).rejects.toMatchObject({
      cause: { type: 'task.invalid_request', message: expect.stringContaining('"still-open" is still open') },
    });
  });
});

describe('a task that the server has forgotten is continued', () => {
  const commit = (text: string, at: number): string => {
    const date = `@${at} +0000`;
    const blob = fleet.git('rev-parse', 'main^{tree}');
    process.env['GIT_COMMITTER_DATE'] = date;
    try {
      return fleet.git('-c', 'user.name=Test', '-c', 'user.email=test@localhost', 'commit-tree', '-p', 'main', '-m', text, blob);
    } finally {
      delete process.env['GIT_COMMITTER_DATE'];
    }
  };
  const headSeen = async (id: string, continues: string): Promise<string> => {
    await fleet.start(id, 'git log -1 --format=%s; exit 3', WORK, { continues });
    await fleet.question(id);
    return log(id);
  };

  it('from the newest run at the origin', async () => {
    fleet.git('update-ref', 'refs/outlive/old/run-1-aaaaaaaa', commit('first', 2_000_000_000));
    fleet.git('update-ref', 'refs/outlive/old/run-2-aaaaaaaa', commit('second', 1_900_000_000));
    expect(await headSeen('goes-on', 'old')).toBe('second\n');
  });

  it('from the newest by date, where its runs were counted from 1 more than once', async () => {
    fleet.git('update-ref', 'refs/outlive/reset/run-7-aaaaaaaa', commit('before the reset', 1_900_000_000));
    fleet.git('update-ref', 'refs/outlive/reset/run-1-bbbbbbbb', commit('after the reset', 2_000_000_000));
    expect(await headSeen('after-reset', 'reset')).toBe('after the reset\n');
  });

  it('from its branch, where its bank is gone', async () => {
    fleet.git('update-ref', 'refs/heads/outlive/merged', commit('on its branch', 2_000_000_000));
    expect(await headSeen('from-branch', 'merged')).toBe('on its branch\n');
  });

  it('from the base, where nothing is there', async () => {
    expect(await headSeen('from-base', 'never-was')).toBe('Begin\n');
  });
});
