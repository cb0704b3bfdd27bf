import { describe, expect, it } from 'vitest';
import { endingOf, rulesFor } from '../../src/agents/index.ts';
import { classify } from '../../src/domain/classify.ts';
import { RECORDED_OF, type Recorded, recorded } from './recorded.ts';

const verdictOn = ({ ending }: Recorded) => classify(endingOf(ending), rulesFor(ending.agent));
const rowsOf = (name: string) => recorded(name).map((one) => [one.id, `${one.truth.class}.${one.truth.reason}`, one] as const);

describe.each(RECORDED_OF)('a recorded end of %s', (name) => {
  it.each(rowsOf(name))('%s is %s', (_, truth, one) => {
    const { class: of, reason, retry } = verdictOn(one);
    expect(`${of}.${reason}`).toBe(truth);
    expect(retry).toBe(one.truth.retry_ok);
  });
});

describe('what no signal tells', () => {
  // Silence while it asks, an empty turn, a polite sentence: the truth is in none of what is left.
  const rows: readonly (readonly [id: string, says: string])[] = [
    ['opencode__dns_failure', 'adapter.provider_timeout'],
    ['qwen__504', 'adapter.provider_timeout'],
    ['qwen-acp__429_retry_after', 'adapter.provider_timeout'],
    ['anthropic-sdk__429_retry_after_long', 'adapter.provider_timeout'],
    ['gemini-acp__eof_midstream', 'unknown.unclassified'],
    ['gemini-acp__overloaded_midstream', 'unknown.unclassified'],
    ['codex__infeasible', 'task.output_rejected'],
    ['codex-acp__permission_denied', 'task.output_rejected'],
    ['gemini__max_tokens', 'task.output_rejected'],
  ];
  it.each(rows)('%s is told as far as it can be seen: %s', (id, says) => {
    const one = recorded('unseen').find((each) => each.id === id);
    const verdict = verdictOn(one as Recorded);
    expect(`${verdict.class}.${verdict.reason}`).toBe(says);
    if (one?.truth.retry_ok !== true) expect(verdict.retry).toBe(false);
  });

  it('is listed here as it stands in the fixtures', () => {
    expect(rows.map(([id]) => id).sort()).toEqual(
      recorded('unseen')
        .map(({ id }) => id)
        .sort(),
    );
  });
});
