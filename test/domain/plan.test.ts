// Plans: what an agent wrote, read or refused; and the steps of it, each a task of its own with a share of what is left.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { beginPlan, isPart, nextStep, planPrompt, planStatus, taskOfStep } from '../../src/domain/plan.ts';
import { readPlan } from '../../src/domain/plan-text.ts';
import { failureOf, limitsOf, runOf, taskOf } from './facts.ts';

const HOUR = 3_600_000;
const task = taskOf({
  prompt: 'Write the book.',
  outputs: [
    { kind: 'commit', by: 'agent', conclusive: false },
    { kind: 'push', by: 'outlive' },
  ],
});
const steps = ['one', 'two', 'three'].map((title) => ({ title, prompt: `Write chapter ${title}.` }));
const read = (value: unknown, prompt = task.prompt) => readPlan(typeof value === 'string' ? value : JSON.stringify(value), { prompt });

describe('the text of a plan', () => {
  it('is read, also out of a fence, with titles on one line', () => {
    const plan = { ok: true, value: { steps } };
    expect(read({ steps })).toEqual(plan);
    expect(read(`\`\`\`json\n${JSON.stringify({ steps })}\n\`\`\`\n`)).toEqual(plan);
    expect(read({ steps: steps.map((step) => ({ ...step, title: ` ${step.title}\n` })) })).toEqual(plan);
  });

  const whole = 'Write the whole book. '.repeat(12);
  it.each([
    ['nothing', '', 'no plan was written'],
    ['no JSON', 'First, I would …', 'the plan is no JSON'],
    ['no list', { plan: steps }, 'the plan has no list "steps"'],
    ['one step', { steps: steps.slice(1, 2) }, 'the plan has 1 step; expected 2 to 8'],
    ['nine steps', { steps: [...steps, ...steps, ...steps] }, 'the plan has 9 steps; expected 2 to 8'],
    ['a step without a prompt', { steps: [steps[0], { title: 'two' }] }, 'step 2 has no text "prompt"'],
    ['a step without a title', { steps: [steps[0], { prompt: 'Write.' }] }, 'step 2 has no text "title"'],
    ['a step that is nothing', { steps: [steps[0], null] }, 'step 2 has no text "prompt"'],
    ['the same step twice', { steps: [steps[0], steps[0]] }, 'step 2 has the same prompt as an earlier one'],
    ['a prompt without end', { steps: [steps[0], { title: 'two', prompt: 'x'.repeat(8001) }] }, 'expected at most 8000'],
    ['the whole task as a step', { steps: [steps[0], { title: 'two', prompt: ' Write  the book. ' }] }, 'step 2 is the whole task again'],
  ])('with %s is refused, with what was expected', (_, value, problem) => {
    expect(read(value)).toEqual({ ok: false, problem: expect.stringContaining(problem) });
  });

  it('that holds all of a long task is refused, and of a short one only the very same words', () => {
    expect(read({ steps: [steps[0], { title: 'two', prompt: `Now: ${whole}` }] }, whole)).toMatchObject({ ok: false });
    expect(read({ steps: [steps[0], { title: 'two', prompt: 'Write the book. Chapter two.' }] })).toMatchObject({ ok: true });
  });

  it('is a plan of 2 to 8 steps or a problem, whatever it is', () => {
    const some = fc.oneof(
      fc.string(),
      fc.json(),
      fc.json().map((json) => `{"steps": [${json}, {"title": "a", "prompt": "b"}]}`),
    );
    fc.assert(
      fc.property(fc.option(some, { nil: undefined }), (text) => {
        const answer = readPlan(text, task);
        if (answer.ok) expect(answer.value.steps.length).toSatisfy((count: number) => count >= 2 && count <= 8);
        else expect(answer.problem).toMatch(/\S/);
      }),
    );
  });
});

describe('a step', () => {
  const first = beginPlan({ steps }, 'base000');
  const last = nextStep(nextStep(first, 'sha1', false), 'sha2', false);
  const unused = { wallMs: 0, costUsd: 0 };

  it('owes a commit of its own; the last one owes what the task owes, and counts all commits', () => {
    const part = taskOfStep(task, first, unused);
    expect(part).toMatchObject({ step: { k: 1, of: 3, since: 'base000' }, outputs: [{ kind: 'commit' }], checks: [] });
    expect(isPart(part)).toBe(true);
    const whole = taskOfStep(task, last, unused);
    expect(whole).toMatchObject({ step: { k: 3, of: 3 }, outputs: task.outputs, checks: task.checks });
    expect(isPart(whole)).toBe(false);
  });

  it('is told its own part, what the others are, and what it is for', () => {
    const { prompt } = taskOfStep(task, nextStep(first, 'sha1', false), unused);
    expect(prompt).toMatch(/^Write chapter two\.[\s\S]*1\. one \(done\)\n2\. two \(this one\)\n3\. three \(later\)[\s\S]*Write the book\./);
  });

  it('has an equal share of what is left, and never more than a run may have', () => {
    const limits = limitsOf({ wallMs: 3 * HOUR, costUsd: 12, run: { wallMs: 2 * HOUR, stallMs: HOUR, costUsd: 5 } });
    const shares = (usedWallMs: number, costUsd: number) =>
      taskOfStep({ ...task, limits }, first, { wallMs: usedWallMs, costUsd }).limits.run;
    expect(shares(0, 0)).toMatchObject({ wallMs: HOUR, stallMs: HOUR, costUsd: 4 });
    expect(shares(1.5 * HOUR, 9)).toMatchObject({ wallMs: HOUR / 2, stallMs: HOUR / 2, costUsd: 1 });
    fc.assert(
      fc.property(fc.double({ min: 0, max: 5 * HOUR, noNaN: true }), fc.double({ min: 0, max: 20, noNaN: true }), (wallMs, costUsd) => {
        const run = shares(wallMs, costUsd);
        expect(run.wallMs * 3).toBeLessThanOrEqual(Math.max(3, 3 * HOUR - wallMs + 3));
        expect((run.costUsd ?? 0) * 3).toBeLessThanOrEqual(Math.max(0, 12 - costUsd) + 1e-9);
      }),
    );
  });
});

describe('a plan', () => {
  it('shows where it stands, and which runs worked on what', () => {
    const runs = [
      runOf(1, failureOf('turn_limit')),
      runOf(2, failureOf('killed'), { step: 1 }),
      runOf(3, failureOf('killed'), { step: 1 }),
    ];
    const plan = nextStep(beginPlan({ steps }, undefined), 'sha1', true);
    expect(planStatus(plan, runs, false).steps).toEqual([
      { title: 'one', state: 'adopted', runs: [2, 3] },
      { title: 'two', state: 'current', runs: [] },
      { title: 'three', state: 'later', runs: [] },
    ]);
    expect(planStatus(nextStep(plan, 'sha2', false), runs, true).steps.map(({ state }) => state)).toEqual(['adopted', 'done', 'done']);
  });

  it('is asked for with its form, its file and the task', () => {
    expect(planPrompt(task, '/tmp/plan.json')).toMatch(
      /do not do it[\s\S]*\/tmp\/plan\.json[\s\S]*"steps"[\s\S]*2 to 8 steps[\s\S]*Write the book\./,
    );
  });
});
