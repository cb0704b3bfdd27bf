// A task that is too large for one conversation: planned in steps, worked one after the other on one branch, and met as a
// whole by the last one.

import { readdirSync, readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { ANSWER } from '../../src/domain/names.ts';
import { type SmallFleet, startSmallFleet, WORK } from './small-fleet.ts';

let fleet: SmallFleet;
beforeAll(async () => {
  fleet = await startSmallFleet('split');
});
afterAll(() => fleet?.stop());

const fails = (reason: string) => `printf '{"outcome":"failed","reason":"${reason}"}' > $OUTLIVE_RESULT_FILE; exit 1`;
const FULL = fails('context_window_exceeded');
const answer = (id: string, sent: object) => fleet.handle(id).executeUpdate(ANSWER, { args: [sent] });
const plan = (...titles: string[]) => JSON.stringify({ steps: titles.map((title) => ({ title, prompt: `Write the file ${title}.` })) });

/** Plans, or does the step that its prompt names: a file of that name, in a commit of its own. */
const planner = (titles: readonly string[], otherwise = '') =>
  [
    `if [ -n "$OUTLIVE_PLAN_FILE" ]; then printf '%s' '${plan(...titles)}' > "$OUTLIVE_PLAN_FILE"; echo planned; exit 0; fi`,
    'title=$(sed -n "s/^Write the file \\(.*\\)\\.$/\\1/p" "$OUTLIVE_PROMPT_FILE" | head -1)',
    otherwise,
    'echo "$OUTLIVE_RUN" > "$title" && git add . && git commit -qm "$title"',
  ].join('\n');

/** What run n was told. */
function prompt(id: string, n: number): string {
  const runs = join(fleet.folder, 'outlive', 'split', 'runs', id);
  const folder = readdirSync(runs).find((name) => name.startsWith(`${n}-`)) ?? '';
  return readFileSync(join(runs, folder, 'prompt.md'), 'utf8');
}

const subjects = (id: string) => fleet.git('log', '--reverse', '--format=%s', `main..outlive/${id}`).split('\n');

describe('a conversation that was full and left nothing', () => {
  it('is followed by a plan, and each of its steps by the next, until the whole is pushed once', async () => {
    const checks = [{ argv: ['sh', '-c', 'test -e one && test -e two && test -e three'] }];
    await fleet.start('large', FULL, planner(['one', 'two', 'three']), {
      checks,
      title: 'Large',
      prompt: 'Write three files.',
      split: 'auto',
    });
    expect(await fleet.handle('large').result()).toMatchObject({ state: 'done', runs: 5 });
    const { runs, plan: told, outputs } = await fleet.status('large');
    expect(runs.map(({ plans, step, decision }) => [plans, step, decision?.kind])).toEqual([
      [undefined, undefined, 'split'],
      [true, undefined, undefined],
      [undefined, 1, undefined],
      [undefined, 2, undefined],
      [undefined, 3, undefined],
    ]);
    expect(told?.steps).toEqual([
      { title: 'one', state: 'done', runs: [3] },
      { title: 'two', state: 'done', runs: [4] },
      { title: 'three', state: 'done', runs: [5] },
    ]);
    expect(outputs.map(({ kind, state }) => [kind, state])).toEqual([
      ['commit', 'present'],
      ['push', 'present'],
    ]);
    expect(subjects('large')).toEqual(['one', 'two', 'three']);
    expect(prompt('large', 2)).toMatch(/Plan this task; do not do it[\s\S]*2 to 8 steps[\s\S]*Write three files/);
    expect(prompt('large', 4)).toMatch(/step 2 of 3[\s\S]*1\. one \(done\)[\s\S]*2\. two \(this one\)[\s\S]*3\. three \(later\)/);
    expect(prompt('large', 5)).toContain('It is the last step');
  });

  it('is told what is wrong with a plan that is none, once', async () => {
    const badly = `if [ -n "$OUTLIVE_PLAN_FILE" ] && ! grep -q 'expected 2 to 8' "$OUTLIVE_PROMPT_FILE"; then printf '%s' '${plan('one')}' > "$OUTLIVE_PLAN_FILE"; echo planned; exit 0; fi`;
    await fleet.start('badly-planned', FULL, `${badly}\n${planner(['one', 'two'])}`, { prompt: 'Write two files.', split: 'auto' });
    expect(await fleet.handle('badly-planned').result()).toMatchObject({ state: 'done', runs: 5, reasons: { 'task.output_rejected': 1 } });
    const { runs } = await fleet.status('badly-planned');
    expect(runs.map(({ plans }) => plans)).toEqual([undefined, true, true, undefined, undefined]);
    expect(runs[1]?.failure?.evidence[0]?.value).toBe('the plan has 1 step; expected 2 to 8');
  });

  it('asks where the spec says that it is not to be split, and splits when a person says so', async () => {
    await fleet.start('unsplit', FULL, planner(['one', 'two']), { prompt: 'Write two files.', split: 'never' });
    const { choices, text } = await fleet.question('unsplit');
    expect(text).toContain('it is not to be split (split: never)');
    expect(choices).toContain('split');
    await answer('unsplit', { choice: 'split', note: 'Two files are two steps.', by: 'ann' });
    expect(await fleet.handle('unsplit').result()).toMatchObject({ state: 'done', runs: 4 });
    expect(prompt('unsplit', 2)).toContain('A person says: Two files are two steps.');
  });
});

describe('a step that fails', () => {
  it('is tried again where its reason allows it, from what it left, without the steps before it', async () => {
    const killed = 'if [ "$title" = two ] && [ "$OUTLIVE_RUN" = 4 ]; then echo half > half; git add .; git commit -qm half; kill -9 $$; fi';
    await fleet.start('stumbling', FULL, planner(['one', 'two', 'three'], killed), { prompt: 'Write three files.', split: 'auto' });
    expect(await fleet.handle('stumbling').result()).toMatchObject({ state: 'done', runs: 6, reasons: { 'host.killed': 1 } });
    const { plan: told } = await fleet.status('stumbling');
    expect(told?.steps.map(({ runs }) => runs)).toEqual([[3], [4, 5], [6]]);
    expect(subjects('stumbling')).toEqual(['one', 'half', 'two', 'three']);
  });

  it('for good is an ordinary question; taken as it is, the next step follows', async () => {
    const refuses = `if [ "$title" = one ]; then ${fails('refused')}; fi`;
    await fleet.start('refusing', FULL, planner(['one', 'two'], refuses), { prompt: 'Write two files.', split: 'auto' });
    const { choices } = await fleet.question('refusing');
    expect(choices).toEqual(['retry', 'adopt', 'look', 'wait', 'close']);
    expect((await fleet.status('refusing')).plan?.steps.map(({ state }) => state)).toEqual(['current', 'later']);
    await answer('refusing', { choice: 'adopt', note: 'It is not needed.', by: 'ann' });
    expect(await fleet.handle('refusing').result()).toMatchObject({ state: 'done', runs: 4 });
    expect((await fleet.status('refusing')).plan?.steps.map(({ state }) => state)).toEqual(['adopted', 'done']);
    expect(prompt('refusing', 4)).toContain('A person says: It is not needed.');
  });

  it('because it is full as well is not split again: a person is asked', async () => {
    const full = `if [ "$title" = one ]; then ${FULL}; fi`;
    await fleet.start('full-step', FULL, planner(['one', 'two'], full), { prompt: 'Write two files.', split: 'auto' });
    const { text, choices } = await fleet.question('full-step');
    expect(text).toContain('a step is not split again');
    expect(choices).not.toContain('split');
    await answer('full-step', { choice: 'close' });
    await expect(fleet.handle('full-step').result()).rejects.toThrow();
  });
});

describe('a step that ended well while its origin was away', () => {
  it('is banked before the next one begins, and needs no second run', { timeout: 120_000 }, async () => {
    const away = `${fleet.origin}.away`;
    const unplugs = `if [ "$title" = one ]; then mv ${fleet.origin} ${away}; fi`;
    await fleet.start('unplugged', FULL, planner(['one', 'two'], unplugs), { prompt: 'Write two files.', split: 'auto' });
    await vi.waitFor(async () => expect((await fleet.status('unplugged')).hold?.because).toContain('banked again'), {
      timeout: 60_000,
      interval: 100,
    });
    renameSync(away, fleet.origin);
    expect(await fleet.handle('unplugged').result()).toMatchObject({ state: 'done', runs: 4, reasons: { 'host.network_dropped': 1 } });
    const { runs, plan: told } = await fleet.status('unplugged');
    expect(runs[2]).toMatchObject({ step: 1, failure: { rule: 'step_not_banked' }, decision: { kind: 'finish' } });
    expect(told?.steps.map(({ state, runs }) => [state, runs])).toEqual([
      ['done', [3]],
      ['done', [4]],
    ]);
    expect(subjects('unplugged')).toEqual(['one', 'two']);
  });
});

describe('a conversation that was full and left something', () => {
  it('is gone on from once, and split when that one comes to the same end', async () => {
    const first = `${WORK}; ${FULL}`;
    const second = `if [ "$OUTLIVE_RUN" = 2 ]; then ${FULL}; fi\n${planner(['one', 'two'])}`;
    await fleet.start('enriched-then-split', first, second, { prompt: 'Write two files.', split: 'auto' });
    expect(await fleet.handle('enriched-then-split').result()).toMatchObject({ state: 'done', runs: 5 });
    const { runs } = await fleet.status('enriched-then-split');
    expect(runs.map(({ decision }) => decision?.kind)).toEqual(['enrich', 'split', undefined, undefined, undefined]);
    expect(subjects('enriched-then-split')).toEqual(['work', 'one', 'two']);
  });
});

describe('the limits of a task', () => {
  it('that are used up before a step are asked about: no step begins without them', async () => {
    const costs = `printf '{"outcome":"finished","usage":{"costUsd":3}}' > $OUTLIVE_RESULT_FILE`;
    const limits = { costUsd: 5, run: { costUsd: 4 } };
    await fleet.start('dear', FULL, planner(['one', 'two', 'three'], costs), { prompt: 'Write three files.', limits, split: 'auto' });
    const { text, choices } = await fleet.question('dear');
    expect(text).toMatch(/\$5 are used up/);
    expect(choices).toEqual(['retry', 'wait', 'close']);
    await answer('dear', { choice: 'close' });
    await expect(fleet.handle('dear').result()).rejects.toThrow();
  });
});
