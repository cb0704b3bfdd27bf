import { describe, expect, it } from 'vitest';
import type { Ending } from '../../src/domain/ending.ts';
import { PROCESS_RULES } from '../../src/domain/process-rules.ts';
import { recordEnding } from '../../src/domain/recorded-ending.ts';
import { type RecordedDecision, replayDecision } from '../../src/domain/replayed.ts';
import { factsOf } from './facts.ts';

const ended: Ending = { agent: 'command', exitCode: 1, endedBy: 'itself', stderrTail: 'API error: 529 overloaded_error' };

function recordedAs(reason: 'unclassified' | 'provider_overloaded', ending?: Ending): RecordedDecision {
  const facts = factsOf(reason);
  const kept = ending && recordEnding(ending);
  return { id: 'fix', n: 1, look: 1, was: { reason, kind: 'ask', because: 'then' }, facts, ...(kept ? { ending: kept } : {}) };
}

describe('a recorded decision', () => {
  it('is another one where today knows what the words mean', () => {
    expect(replayDecision(recordedAs('unclassified', ended), PROCESS_RULES)).toMatchObject({
      changed: true,
      was: { reason: 'unclassified', kind: 'ask' },
      now: { reason: 'provider_overloaded', kind: 'retry' },
    });
  });

  it('is made anew on the reason of then, where the ending was not kept', () => {
    const { now } = replayDecision(recordedAs('unclassified'), PROCESS_RULES);
    expect(now).toMatchObject({ reason: 'unclassified', kind: 'ask' });
  });

  it('survives being written down', () => {
    const recorded = recordedAs('unclassified', ended);
    expect(replayDecision(JSON.parse(JSON.stringify(recorded)), PROCESS_RULES)).toEqual(replayDecision(recorded, PROCESS_RULES));
  });
});

describe('an ending for the history', () => {
  it('keeps the end of its words, and fits', () => {
    const kept = recordEnding({ ...ended, stderrTail: `${'x'.repeat(8000)} the last words`, stdoutTail: 'y'.repeat(8000) });
    expect(JSON.stringify(kept).length).toBeLessThanOrEqual(2000);
    expect(kept?.ending.stderrTail).toMatch(/the last words$/);
  });

  it('is left out where it cannot fit', () => {
    expect(recordEnding({ ...ended, redChecks: ['z'.repeat(5000)] })).toBeUndefined();
  });
});
