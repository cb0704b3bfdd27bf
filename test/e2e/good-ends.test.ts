// Exit 0 is a claim: what a run says of its own good end against what is there.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ANSWER, taskBranch } from '../../src/domain/names.ts';
import { type SmallFleet, startSmallFleet, WORK } from './small-fleet.ts';

let fleet: SmallFleet;
beforeAll(async () => {
  fleet = await startSmallFleet('good-ends', { config: 'host: {maxOutput: 1MiB}\n' });
});
afterAll(() => fleet?.stop());

const close = async (id: string) => {
  await fleet.handle(id).executeUpdate(ANSWER, { args: [{ choice: 'close' }] });
  await expect(fleet.handle(id).result()).rejects.toThrow();
};

/** What run n was told. */
function prompt(id: string, n: number): string {
  const runs = join(fleet.folder, 'outlive', 'good-ends', 'runs', id);
  const folder = readdirSync(runs).find((name) => name.startsWith(`${n}-`)) ?? '';
  return readFileSync(join(runs, folder, 'prompt.md'), 'utf8');
}

describe('exit 0 without the work', () => {
  it('gives one more run, which is told what is missing', async () => {
    await fleet.start('talker', 'echo All done, everything is committed.');
    expect(await fleet.handle('talker').result()).toMatchObject({ state: 'done', runs: 2, reasons: { 'task.output_rejected': 1 } });
    expect((await fleet.status('talker')).runs[0]).toMatchObject({
      outcome: 'failed',
      failure: { class: 'task', reason: 'output_rejected', basis: 'outputs' },
      decision: { kind: 'retry' },
    });
    expect(prompt('talker', 2)).toContain('commit absent');
  });

  it('and without a word is asked, because nothing says that an agent was at work at all', async () => {
    await fleet.start('silent', 'true');
    const { text } = await fleet.question('silent');
    expect(text).toContain('unknown.unclassified');
    expect((await fleet.status('silent')).runs).toMatchObject([{ n: 1, failure: { rule: 'good_end_without_a_word' } }]);
    await close('silent');
  });
});

describe('exit 0 with a red check', () => {
  it('gives one more run that reads the words of the check, and is done once it is green', async () => {
    const commit = (word: string) => `echo ${word} > work && git add . && git commit -qm ${word}`;
    const check = { argv: ['sh', '-c', 'grep -q good work || { echo the gears must be good; exit 1; }'] };
    await fleet.start('corrected', commit('bad'), `grep -q 'the gears must be good' $OUTLIVE_PROMPT_FILE && ${commit('good')}`, {
      checks: [check],
    });
    expect(await fleet.handle('corrected').result()).toMatchObject({ state: 'done', runs: 2 });
    expect(fleet.commits('corrected')).toHaveLength(2);
    expect(fleet.git('show', 'outlive/corrected:work')).toBe('good');
  });
});

describe('a check that writes without end', () => {
  it('is ended, and red: it may not fill the disk of its host', { timeout: 60_000 }, async () => {
    await fleet.start('flood', WORK, WORK.replace('work >', 'more >'), { checks: [{ argv: ['yes', 'and so on'], timeout: '10m' }] });
    const { evidence } = await fleet.question('flood');
    expect(evidence).toContainEqual({
      where: "check yes 'and so on'",
      value: expect.stringMatching(/^red: it wrote more than 1 MiB, and was ended/),
    });
    await close('flood');
  });
});

describe("an agent's own word that it was cancelled", () => {
  it('stops the task, and its result says so', async () => {
    await fleet.start('gave-up', `echo '{"outcome":"failed","reason":"cancelled"}' > $OUTLIVE_RESULT_FILE; exit 1`);
    expect(await fleet.handle('gave-up').result()).toMatchObject({
      state: 'cancelled',
      because: 'the task was stopped on purpose',
      runs: 1,
    });
  });
});

describe('a branch that is there before the first run', () => {
  it('is continued where checks have to say whether it is the whole work, and pushed on top of what was there', async () => {
    const branch = taskBranch('begun');
    const earlier = fleet.git('-c', 'user.name=x', '-c', 'user.email=x@y', 'commit-tree', '-m', 'earlier', 'main^{tree}', '-p', 'main');
    fleet.git('update-ref', `refs/heads/${branch}`, earlier);
    await fleet.start('begun', `grep -q ${earlier.slice(0, 10)} $OUTLIVE_PROMPT_FILE && ${WORK}`, 'exit 1', {
      checks: [{ argv: ['grep', '-q', 'work', 'work'] }],
    });
    expect(await fleet.handle('begun').result()).toMatchObject({ state: 'done', runs: 1 });
    const commits = fleet.commits('begun');
    expect(commits).toHaveLength(2);
    expect(commits[0]).toBe(earlier);
  });
});
