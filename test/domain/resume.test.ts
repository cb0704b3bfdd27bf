import { describe, expect, it } from 'vitest';
import { decide } from '../../src/domain/decide.ts';
import { REASON_NAMES, type Reason } from '../../src/domain/failure.ts';
import { RESUMED } from '../../src/domain/reactions.ts';
import type { RunRecord } from '../../src/domain/run.ts';
import { factsOf, failureOf, runOf } from './facts.ts';

const SESSION = { session: 's-1', agentVersion: '2.1.0' } as const;
const decidedOn = (reason: Reason, run: Partial<RunRecord> = SESSION) =>
  decide(factsOf(reason, { hosts: ['h1'], runs: [runOf(1, failureOf(reason), run)] }));

describe('the next run', () => {
  it.each([...RESUMED].filter((reason) => reason !== 'quota_exhausted'))('goes on with the session after %s', (reason) => {
    expect(decidedOn(reason)).toMatchObject({ kind: 'retry', resume: { id: 's-1', host: 'h1', agentVersion: '2.1.0' } });
    expect(decidedOn(reason).because).toContain('in the same session if it comes to h1');
  });

  it.each(REASON_NAMES.filter((reason) => !RESUMED.has(reason)))('has no session to go on with after %s', (reason) => {
    expect(decidedOn(reason).resume).toBeUndefined();
  });

  it('begins afresh where the session is bound to its run, or there was none', () => {
    expect(decidedOn('rate_limited', { ...SESSION, boundSession: true }).resume).toBeUndefined();
    expect(decidedOn('rate_limited', {}).resume).toBeUndefined();
  });

  it('begins afresh on another host, which does not have it', () => {
    const decision = decide(factsOf('killed', { runs: [runOf(1, failureOf('killed'), SESSION)] }));
    expect(decision).toMatchObject({ kind: 'retry', avoid: ['h1'] });
    expect(decision.resume).toBeUndefined();
  });
});

it('an invalid request of a run that was to go on is tried afresh, once; of any other it asks', () => {
  const resumed = { resumes: { id: 's-1', host: 'h1' } };
  const first = decide(
    factsOf('invalid_request', { runs: [runOf(1, failureOf('rate_limited'), SESSION), runOf(2, failureOf('invalid_request'), resumed)] }),
  );
  expect(first).toMatchObject({ kind: 'retry', because: expect.stringContaining('so it begins afresh') });
  expect(first.resume).toBeUndefined();
  expect(decide(factsOf('invalid_request'))).toMatchObject({ kind: 'ask' });
});
