import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CHOICES, type Question, readAnswer, readStop, SETTABLE, withSettings } from '../../src/domain/question.ts';
import { DEFAULT_LIMITS, type Limits } from '../../src/domain/task.ts';
import { limitsOf, taskOf } from './facts.ts';

const open: Question = {
  id: 'q2',
  text: 'Run 2 ended as unknown.unclassified.',
  evidence: [],
  choices: ['retry', 'look', 'wait', 'close'],
  owner: 'web-team',
  askedAt: '2025-06-01T00:00:00.000Z',
};
const asked = (over: Partial<Question> = {}): Question => ({ ...open, ...over });
const read = (sent: unknown, question: Question | undefined = open) => readAnswer(sent, question, undefined, 'claude');
const problemOf = (sent: unknown, question?: Question) => {
  const answer = read(sent, question);
  return answer.ok ? expect.fail(`accepted: ${JSON.stringify(answer.value)}`) : answer.problem;
};

describe('an answer', () => {
  it.each([
    ['is a bare word, as the Web UI sends it', 'retry', { question: 'q2', choice: 'retry' }],
    ['is a word with room round it', ' look\n', { question: 'q2', choice: 'look' }],
    ['is a choice', { choice: 'close' }, { question: 'q2', choice: 'close' }],
    ['may name its question', { question: 'q2', choice: 'wait' }, { question: 'q2', choice: 'wait' }],
    [
      'may bring a note and a name',
      { choice: 'retry', note: ' Use v2. ', by: 'kim' },
      { question: 'q2', choice: 'retry', note: 'Use v2.', by: 'kim' },
    ],
    [
      'may set limits',
      { choice: 'retry', set: { runs: 8, 'run.wall': '2h' } },
      { question: 'q2', choice: 'retry', set: { runs: 8, 'run.wall': '2h' } },
    ],
    [
      'is read without what is empty',
      { choice: 'retry', note: '  ', by: '', question: null, set: {} },
      { question: 'q2', choice: 'retry' },
    ],
    ['is read without what nobody asked for', { choice: 'look', priority: 1 }, { question: 'q2', choice: 'look' }],
  ])('%s', (_sentence, sent, value) => expect(read(sent)).toEqual({ ok: true, value }));

  it.each([
    ['names the choices where it is none of them', 'yes', '"yes" is no choice here. Choose one of: retry, look, wait, close'],
    ['has to be a choice of this question', 'finish', '"finish" is no choice here. Choose one of: retry, look, wait, close'],
    ['is refused without a choice', {}, '"" is no choice here. Choose one of: retry, look, wait, close'],
    ['is no list', ['retry'], 'an answer is {"choice": "…"}, with "note", "set", "question" and "by" where wanted'],
    ['is refused for another question', { question: 'q1', choice: 'retry' }, 'question q1 is not open; q2 is'],
    ['is refused with a note that is no text', { choice: 'retry', note: 5 }, '"note" must be a text of at most 4000 characters'],
    [
      'is refused with a note that is too long',
      { choice: 'retry', note: 'x'.repeat(4001) },
      '"note" must be a text of at most 4000 characters',
    ],
    ['is refused with settings that are none', { choice: 'retry', set: 8 }, '"set" must be an object such as {"runs": 8}'],
    [
      'is refused with a setting that nobody may set',
      { choice: 'retry', set: { owner: 'me' } },
      '"owner" cannot be set; these can: runs, perReason, wall, costUsd, run.wall, run.stall, run.turns, run.costUsd, model',
    ],
  ])('%s', (_sentence, sent, problem) => expect(problemOf(sent)).toBe(problem));

  it('to a question that was answered is told by whom', () => {
    const before = 'question q2 was answered "close" by kim; no question is open';
    expect(readAnswer('retry', undefined, before, 'claude')).toEqual({ ok: false, problem: before });
    expect(readAnswer({ question: 'q1', choice: 'retry' }, open, before, 'claude')).toEqual({ ok: false, problem: before });
    expect(readAnswer('retry', undefined, undefined, 'claude')).toEqual({
      ok: false,
      problem: 'no question is open; nothing is waiting for an answer',
    });
  });
});

describe('a retry on the same inputs', () => {
  const exhausted = asked({ needsChange: true });
  it.each([
    'retry',
    { choice: 'retry' },
    { choice: 'retry', note: ' \n' },
    { choice: 'retry', set: {} },
    { choice: 'retry', set: { runs: 9, perReason: 9, wall: '9h' } },
  ])('is refused after context exhaustion: %j', (sent) => {
    expect(problemOf(sent, exhausted)).toContain('a run on the same inputs would end the same way: add a note');
  });

  it.each([
    { choice: 'retry', note: 'Only the first half.' },
    { choice: 'retry', set: { 'run.wall': '2h' } },
    { choice: 'retry', set: { 'run.stall': '20m' } },
    'look',
    'wait',
    'close',
  ])('is another one with %j', (sent) => expect(read(sent, exhausted)).toMatchObject({ ok: true }));
});

describe('a setting', () => {
  it.each([1, 1000, '1', '1000', '08'])('of a count may be %j', (runs) => {
    expect(read({ choice: 'retry', set: { runs, perReason: runs } })).toMatchObject({ ok: true });
  });

  it.each([0, -1, 1.5, 1001, Number.NaN, Number.POSITIVE_INFINITY, '0', '1001', '-1', '1e3', '', ' 8', null, true, [8]])(
    'of a count may not be %j',
    (runs) => {
      expect(problemOf({ choice: 'retry', set: { runs } })).toBe('"runs" must be a whole number from 1 to 1000');
    },
  );

  it.each(['1ms', '90s', '8h', '30d'])('of a duration may be %s', (wall) => {
    expect(read({ choice: 'retry', set: { wall, 'run.wall': wall, 'run.stall': wall } })).toMatchObject({ ok: true });
  });

  it.each(['0s', '31d', '999999999d', '1', 'soon', 3600, null, {}])('of a duration may not be %j', (wall) => {
    expect(problemOf({ choice: 'retry', set: { 'run.wall': wall } })).toBe(
      '"run.wall" must be a duration such as 500ms, 30s, 10m, 8h or 5d, more than 0 and at most 30d',
    );
  });

  it('takes the place of the limit that it names, and of no other', () => {
    const limits = limitsOf({ costUsd: 20, run: { wallMs: 3_600_000, stallMs: 600_000, costUsd: 5 } });
    const task = taskOf({ limits });
    expect(withSettings(task, {})).toEqual(task);
    const set = { runs: '8', perReason: 4, wall: '9h', 'run.wall': '2h', 'run.stall': '20m', 'run.turns': '90' };
    expect(withSettings(task, set).limits).toEqual({
      runs: 8,
      perReason: 4,
      wallMs: 32_400_000,
      costUsd: 20,
      run: { wallMs: 7_200_000, stallMs: 1_200_000, costUsd: 5, turns: 90 },
    });
  });

  it('of a shorter run shortens its silence too', () => {
    expect(withSettings(taskOf({ limits: DEFAULT_LIMITS }), { 'run.wall': '5m' }).limits.run).toEqual({
      wallMs: 300_000,
      stallMs: 300_000,
    });
  });

  it('may be another model, where the task names one', () => {
    const set = { model: 'opus' };
    expect(read({ choice: 'retry', set })).toMatchObject({ ok: true, value: { set } });
    expect(withSettings(taskOf({ agent: { use: 'claude', args: ['-x'] } }), set).agent).toEqual({
      use: 'claude',
      args: ['-x'],
      model: 'opus',
    });
    expect(readAnswer({ choice: 'retry', set }, open, undefined, 'acp')).toEqual({
      ok: false,
      problem: 'the agent acp is not told its model here: change its argv in a new task',
    });
    expect(read({ choice: 'retry', set: { model: ' ' } })).toMatchObject({ ok: false });
  });
});

describe('whatever is sent', () => {
  const questions = fc.record({
    choices: fc.constant(Object.keys(CHOICES) as Question['choices']),
    needsChange: fc.boolean(),
  });
  const nearly = fc.record(
    {
      choice: fc.oneof(fc.constantFrom(...Object.keys(CHOICES)), fc.anything()),
      note: fc.anything(),
      by: fc.anything(),
      question: fc.oneof(fc.constantFrom('q1', 'q2'), fc.anything()),
      set: fc.oneof(fc.dictionary(fc.constantFrom(...SETTABLE, 'other'), fc.oneof(fc.anything(), fc.constantFrom('1h', 5))), fc.anything()),
    },
    { requiredKeys: [] },
  );

  it('is an answer that can be obeyed, or a problem in words', () => {
    fc.assert(
      fc.property(fc.oneof(fc.anything({ withNullPrototype: true, withBigInt: true }), nearly), questions, (sent, question) => {
        const answer = read(sent, asked(question));
        if (!answer.ok) {
          expect(answer.problem).toMatch(/^\S.{10,300}$/su);
          return;
        }
        expect(CHOICES).toHaveProperty(answer.value.choice);
        expect(answer.value.question).toBe('q2');
        expect(JSON.parse(JSON.stringify(answer.value))).toEqual(answer.value);
        for (const limit of everyLimit(withSettings(taskOf({ limits: DEFAULT_LIMITS }), answer.value.set ?? {}).limits)) {
          expect(Number.isSafeInteger(limit) && limit > 0 && limit <= 30 * 86_400_000).toBe(true);
        }
      }),
      { numRuns: 2000 },
    );
  });

  it('is a stop with its reason, or a problem in words', () => {
    fc.assert(
      fc.property(fc.oneof(fc.anything(), fc.record({ why: fc.anything(), by: fc.anything() })), (sent) => {
        const stop = readStop(sent);
        expect(stop.ok ? stop.value.why : stop.problem).toMatch(/\S/);
      }),
    );
  });

  function everyLimit({ runs, perReason, wallMs, run }: Limits): number[] {
    return [runs, perReason, wallMs, run.wallMs, run.stallMs];
  }
});

describe('a stop', () => {
  it('says why, and who wants it', () => {
    expect(readStop({ why: ' not needed any more ', by: 'kim' })).toEqual({ ok: true, value: { why: 'not needed any more', by: 'kim' } });
    expect(readStop({ why: 'enough', by: 7 })).toEqual({ ok: true, value: { why: 'enough' } });
  });

  it.each([{}, { why: '' }, { why: ' ' }, { why: 3 }, { why: 'x'.repeat(4001) }])('is refused without words: %j', (sent) => {
    expect(readStop(sent)).toEqual({ ok: false, problem: '"why" must say in at most 4000 characters why the task is stopped' });
  });

  it.each([undefined, null, 'enough', ['enough']])('has a form: %j is none', (sent) => {
    expect(readStop(sent)).toEqual({ ok: false, problem: 'a stop is {"why": "…"}, with "by" where wanted' });
  });
});
