// Decisions and answers as steps: what is recorded is obeyed to the letter, and what is not known is asked.

import { describe, expect, it } from 'vitest';
import type { Ask, Decision } from '../../src/domain/decision.ts';
import type { Answer } from '../../src/domain/question.ts';
import { afterAnswer, afterDecision, type Step } from '../../src/workflows/step.ts';

const ledgers = { runs: 1, free: 0, wallMs: 0, costUsd: 0, perReason: {} };
const decided = (kind: string, more: Partial<Decision> = {}) =>
  ({ v: 1, kind, because: 'it was seen', ledgers, ...more }) as unknown as Decision;

const ask: Ask = { text: 'What now?', evidence: [{ where: 'exit.code', value: '3' }], choices: ['retry', 'close'] };
const asked: Extract<Step, { kind: 'ask' }> = { kind: 'ask', ask, notes: ['Run 1 left a commit.'], back: { kind: 'settle' } };
const answered = (answer: Answer) => afterAnswer(answer, asked, `ann answered ${answer.choice}`);

describe('a recorded decision', () => {
  it('to retry brings its wait, the hosts to avoid and the notes for the next run', () => {
    expect(afterDecision(decided('retry', { afterMs: 300, avoid: ['left'], notes: ['Verify it first.'] }))).toEqual({
      kind: 'run',
      because: 'it was seen',
      afterMs: 300,
      avoid: ['left'],
      notes: ['Verify it first.'],
    });
  });

  it('to retry without a wait starts at once and avoids nobody', () => {
    expect(afterDecision(decided('retry'))).toEqual({ kind: 'run', because: 'it was seen', notes: [] });
  });

  it('to hold ends in a new look, never in a run', () => {
    expect(afterDecision(decided('hold', { afterMs: 2000 }))).toEqual({
      kind: 'hold',
      afterMs: 2000,
      because: 'it was seen',
      next: { kind: 'settle' },
    });
  });

  it('to hold without a time waits an hour', () => {
    expect(afterDecision(decided('hold'))).toMatchObject({ kind: 'hold', afterMs: 3_600_000 });
  });

  it('to finish starts no run', () => {
    expect(afterDecision(decided('finish'))).toEqual({ kind: 'finish', because: 'it was seen' });
  });

  it('to stop ends the task as cancelled', () => {
    expect(afterDecision(decided('stop'))).toEqual({ kind: 'end', state: 'cancelled', because: 'it was seen' });
  });

  it('to ask asks just what was recorded', () => {
    expect(afterDecision(decided('ask', { ask, notes: ['Run 1 left a commit.'] }))).toEqual(asked);
  });

  it('to check the credential looks at everything again afterwards', () => {
    expect(afterDecision(decided('check'))).toEqual({ kind: 'check', because: 'it was seen' });
  });

  it('to split is a run that plans; what follows a failed plan plans too', () => {
    const plan = { kind: 'run', because: 'it was seen', plans: true, notes: [] };
    expect(afterDecision(decided('split'))).toEqual(plan);
    expect(afterDecision(decided('retry'), { plans: true })).toEqual(plan);
    expect(afterDecision(decided('ask', { ask }), { plans: true })).toMatchObject({ kind: 'ask', plans: true });
    expect(afterDecision(decided('retry'), {})).not.toHaveProperty('plans');
  });

  it('of a kind that this workflow does not know means ask', () => {
    const kind = 'a_kind_of_next_year';
    const step = afterDecision(decided(kind));
    expect(step).toMatchObject({ kind: 'ask', back: { kind: 'settle' }, ask: { choices: ['retry', 'look', 'wait', 'close'] } });
    expect(step.kind === 'ask' && step.ask.text).toContain(`"${kind}"`);
  });

  it('of an unknown kind that brings its own question asks that', () => {
    expect(afterDecision(decided('a_kind_of_next_year', { ask }))).toMatchObject({ kind: 'ask', ask });
  });
});

describe('the answer', () => {
  it('`retry` runs once more, and the run is told what was known', () => {
    expect(answered({ choice: 'retry', note: 'Read only the index.' })).toEqual({
      kind: 'run',
      because: 'ann answered retry',
      notes: ['Run 1 left a commit.'],
    });
  });

  it('`retry` without a note adds nothing to what was known', () => {
    expect(answered({ choice: 'retry' })).toMatchObject({ kind: 'run', notes: ['Run 1 left a commit.'] });
  });

  it('`finish` makes what is owed without a run', () => {
    expect(answered({ choice: 'finish' })).toEqual({ kind: 'finish', because: 'ann answered finish', vouched: true });
  });

  it('`adopt` goes on from what is there, and without the output that it is about', () => {
    expect(answered({ choice: 'adopt' })).toEqual({ kind: 'finish', because: 'ann answered adopt', vouched: true });
    expect(afterAnswer({ choice: 'adopt' }, { ...asked, output: 2 }, 'ann')).toMatchObject({ kind: 'finish', adopts: 2 });
  });

  it('`split` is a run that plans, and a retry of a plan is one too', () => {
    expect(answered({ choice: 'split' })).toMatchObject({ kind: 'run', plans: true, notes: ['Run 1 left a commit.'] });
    expect(afterAnswer({ choice: 'retry' }, { ...asked, plans: true }, 'ann')).toMatchObject({ kind: 'run', plans: true });
  });

  it('`approve` finishes, and vouches for nothing', () => {
    expect(answered({ choice: 'approve' })).toEqual({ kind: 'finish', because: 'ann answered approve' });
  });

  it('`refuse` publishes nothing, and asks what next', () => {
    const next = afterAnswer({ choice: 'refuse' }, asked, 'ann answered refuse: too loud');
    expect(next).toMatchObject({
      kind: 'ask',
      ask: {
        text: expect.stringContaining('ann answered refuse: too loud. Nothing was published'),
        choices: ['retry', 'approve', 'wait', 'close'],
      },
      notes: ['Run 1 left a commit.', expect.stringContaining('did not approve what is there')],
      back: { kind: 'settle' },
    });
  });

  it('`look` goes back to where the question came from', () => {
    expect(answered({ choice: 'look' })).toEqual({ kind: 'settle' });
    expect(afterAnswer({ choice: 'look' }, { ...asked, back: { kind: 'finish', because: 'again' } }, '')).toEqual({
      kind: 'finish',
      because: 'again',
    });
  });

  it('`wait` goes back there too, an hour later', () => {
    expect(answered({ choice: 'wait' })).toEqual({
      kind: 'hold',
      afterMs: 3_600_000,
      because: 'ann answered wait',
      next: { kind: 'settle' },
    });
  });

  it('`close` ends the task as failed', () => {
    expect(answered({ choice: 'close' })).toEqual({ kind: 'end', state: 'failed', because: 'ann answered close' });
  });
});
