// approve: before_finish: nothing is published before a person has seen what there is.

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ANSWER } from '../../src/domain/names.ts';
import { type SmallFleet, startSmallFleet, WORK } from './small-fleet.ts';

let fleet: SmallFleet;
beforeAll(async () => {
  fleet = await startSmallFleet('approval');
});
afterAll(() => fleet?.stop());

const answer = (id: string, sent: object) => fleet.handle(id).executeUpdate(ANSWER, { args: [sent] });
const branches = (id: string) => fleet.git('for-each-ref', `refs/heads/outlive/${id}`);
const checks = [{ argv: ['test', '-e', 'work'] }];

describe('work that is to be approved', () => {
  it('is shown with its size, its commits and its checks, and pushed once a person approves', async () => {
    await fleet.start('approved', WORK, WORK, { approve: 'before_finish', checks });
    const { text, choices, evidence } = await fleet.question('approved');
    expect(text).toMatch(/1 commit, 1 file changed \(\+1 −0\), head [0-9a-f]{10}; every check green \(test -e work\)/);
    expect(text).toContain('`approve`: Outlive pushes the branch.');
    expect(evidence).toContainEqual(
      expect.objectContaining({ where: 'to see it', value: expect.stringContaining('git diff main...FETCH_HEAD') }),
    );
    expect(choices).toEqual(['approve', 'refuse', 'wait']);
    expect(evidence).toContainEqual(expect.objectContaining({ where: 'bank' }));
    expect(branches('approved')).toBe('');
    await answer('approved', { choice: 'approve', by: 'ann' });
    expect(await fleet.handle('approved').result()).toMatchObject({ state: 'done', runs: 1 });
    expect(fleet.commits('approved')).toHaveLength(1);
  });

  it('and is refused stays banked and unpublished; a retry goes on from it with the note, and is approved anew', async () => {
    const more = `grep -q 'say it louder' $OUTLIVE_PROMPT_FILE && test -e work && echo WORK > work && git commit -qam louder`;
    await fleet.start('refused', WORK, more, { approve: 'before_finish', checks });
    await fleet.question('refused');
    await answer('refused', { choice: 'refuse', note: 'say it louder', by: 'ann' });
    const next = await fleet.question('refused');
    expect(next).toMatchObject({ id: 'q2', choices: ['retry', 'approve', 'wait', 'close'] });
    expect(next.text).toContain('ann answered refuse: say it louder');
    expect(branches('refused')).toBe('');
    expect(fleet.git('for-each-ref', 'refs/outlive/refused/')).not.toBe('');
    await answer('refused', { choice: 'retry', by: 'ann' });
    await expect.poll(async () => (await fleet.status('refused')).question?.id, { timeout: 15_000 }).toBe('q3');
    expect((await fleet.question('refused')).text).toContain('2 commits');
    await answer('refused', { choice: 'approve', by: 'ann' });
    expect(await fleet.handle('refused').result()).toMatchObject({ state: 'done', runs: 2 });
    expect(fleet.commits('refused')).toHaveLength(2);
  });

  it('is not asked about again when an effect is tried once more', async () => {
    const foreign = `git --git-dir ${fleet.origin} update-ref refs/heads/outlive/once $(git --git-dir ${fleet.origin} -c user.name=x -c user.email=x@y commit-tree -m foreign 'main^{tree}' -p main)`;
    await fleet.start('once', `${WORK}; ${foreign}`, WORK, { approve: 'before_finish' });
    await fleet.question('once');
    await answer('once', { choice: 'approve' });
    await expect.poll(async () => (await fleet.status('once')).question?.id, { timeout: 15_000 }).toBe('q2');
    const { text, choices } = await fleet.question('once');
    expect(text).toContain('nothing was overwritten');
    expect(choices).toContain('adopt');
    await answer('once', { choice: 'adopt', by: 'ann' });
    expect(await fleet.handle('once').result()).toMatchObject({
      state: 'done',
      because: expect.stringMatching(/^taken as it is: ann answered adopt; what is not as it was asked for: push partial/),
    });
    expect(fleet.git('log', '-1', '--format=%s', 'outlive/once')).toBe('foreign');
  });
});

describe('a credential that was refused', () => {
  it('is checked first; could not tell is tried twice more, then a person is asked', async () => {
    const refused = `echo "run $OUTLIVE_RUN" > $OUTLIVE_RUN && git add . && git commit -qm work; printf '{"outcome":"failed","reason":"credential_rejected"}' > $OUTLIVE_RESULT_FILE; exit 1`;
    await fleet.start('locked-out', refused, refused);
    const { text } = await fleet.question('locked-out');
    expect(text).toContain('check of its credential could not tell whether it is valid');
    const { runs } = await fleet.status('locked-out');
    expect(runs.map(({ decision }) => decision?.kind)).toEqual(['retry', 'retry', 'ask']);
    const checked = (await fleet.events('locked-out')).filter(
      (event) => event.activityTaskScheduledEventAttributes?.activityType?.name === 'checkCredential',
    );
    expect(checked).toHaveLength(3);
    await answer('locked-out', { choice: 'close' });
    await expect(fleet.handle('locked-out').result()).rejects.toThrow();
  });
});
