import { describe, expect, it } from 'vitest';
import { classify } from '../../src/domain/classify.ts';
import type { Ending, Rule } from '../../src/domain/ending.ts';
import { PROCESS_RULES, REFINED_BY } from '../../src/domain/process-rules.ts';

/** The plainest ending that only this rule can be about. */
function endingOf({ where, sample }: Rule): Ending {
  switch (where) {
    case 'text':
      return { tail: sample };
    case 'http_status':
      return { httpStatus: Number(sample) };
    case 'exit_code':
      return { exitCode: Number(sample) };
    case 'signal':
      return { signal: sample };
    case 'not_started':
      return { notStarted: { code: sample, message: 'spawn agent' } };
  }
}

/** Rows that say only that a family is none of the reasons: they take a retry away and decide nothing by themselves. */
const decides = (rule: Rule) => rule.reason !== 'unclassified';

describe('each rule for any process', () => {
  it.each(PROCESS_RULES.filter(decides).map((rule) => [rule.name, rule] as const))('%s decides on its own sample', (_, rule) => {
    const { reason, rule: name } = classify(endingOf(rule));
    expect({ reason, name }).toEqual({ reason: rule.reason, name: rule.name });
  });

  it.each(PROCESS_RULES.filter((rule) => !decides(rule)).map((rule) => [rule.name, rule] as const))(
    '%s leaves its own sample open',
    (_, rule) => {
      expect(classify(endingOf(rule))).toMatchObject({ reason: 'unclassified', retry: false });
      if (rule.where === 'text') expect(rule.match.test(rule.sample)).toBe(true);
    },
  );

  it('has a name of its own', () => {
    const names = PROCESS_RULES.map((rule) => rule.name);
    expect(new Set(names).size).toBe(names.length);
  });

  it('says where it was seen', () => {
    expect(PROCESS_RULES.filter((rule) => rule.seen.trim() === '')).toEqual([]);
  });

  it('keeps no state between two looks', () => {
    expect(PROCESS_RULES.filter((rule) => rule.where === 'text' && (rule.match.global || rule.match.sticky))).toEqual([]);
  });

  it('repeats nothing without a bound but single characters, so that no text can be slow', () => {
    const nested = PROCESS_RULES.filter((rule) => rule.where === 'text' && /\)(?:[*+]|\{\d+,\})|\\[1-9]/.test(rule.match.source));
    expect(nested.map((rule) => rule.name)).toEqual([]);
  });
});

describe('what a family may turn out to be', () => {
  it('is never the family itself', () => {
    for (const [reason, others] of Object.entries(REFINED_BY)) expect(others).not.toContain(reason);
  });

  it('is no full disk and no lost memory behind an HTTP status', () => {
    const families = new Set(PROCESS_RULES.filter((rule) => rule.where === 'http_status').map((rule) => rule.reason));
    for (const family of families)
      for (const hidden of ['disk_full', 'out_of_memory'] as const) expect(REFINED_BY[family] ?? []).not.toContain(hidden);
  });
});

describe("an agent's own rules", () => {
  const own: Rule = {
    where: 'exit_code',
    name: 'status_modulo_256',
    reason: 'rate_limited',
    agents: ['gemini'],
    match: [173],
    sample: '173',
    seen: 'gemini: its exit code is the HTTP status modulo 256',
  };
  const rules = [own, ...PROCESS_RULES];

  it('come first for that agent', () => {
    expect(classify({ agent: 'gemini', exitCode: 173 }, rules)).toMatchObject({
      reason: 'rate_limited',
      basis: 'exit_code',
      rule: own.name,
    });
  });

  it('say nothing about another agent', () => {
    expect(classify({ agent: 'codex', exitCode: 173 }, rules)).toMatchObject({ reason: 'unclassified' });
  });

  it('of words are read for that agent only', () => {
    const words: Rule = {
      ...own,
      where: 'text',
      words: ['turned'],
      match: /turned sour/i,
      vague: false,
      sample: 'turned sour',
      name: 'sour',
    };
    const tail = 'the milk turned sour';
    expect(classify({ agent: 'gemini', tail }, [words]).rule).toBe('sour');
    expect(classify({ agent: 'codex', tail }, [words]).rule).toBe('no_rule');
    expect(classify({ tail }, [words]).rule).toBe('no_rule');
  });
});
