import { describe, expect, it } from 'vitest';
import { type Completeness, completeness, owedByOutlive, type Seen, sayOutput } from '../../src/domain/output.ts';
import type { Check, Output } from '../../src/domain/task.ts';
import { check, outputSeen, seenOf } from './facts.ts';

const COMMIT: Output = { kind: 'commit', by: 'agent', conclusive: false };
const CONCLUSIVE: Output = { kind: 'commit', by: 'agent', conclusive: true };
const PUSH: Output = { kind: 'push', by: 'outlive' };
const OWN_PUSH: Output = { kind: 'push', by: 'agent' };
const FILE: Output = { kind: 'file', by: 'agent', path: 'report.md' };
const COMMAND: Output = { kind: 'command', by: 'agent', argv: ['./probe.sh', 'two words'], timeoutMs: 1000 };
const NPM_TEST: Check = { argv: ['npm', 'test'], timeoutMs: 1000 };
const LINT: Check = { argv: ['npm', 'run', 'lint'], timeoutMs: 1000 };

const there = outputSeen('commit', 'present');
const byOutlive = (state: 'present' | 'absent' | 'unknown') => outputSeen('push', state, { by: 'outlive' });

type Row = readonly [outputs: readonly Output[], checks: readonly Check[], seen: Partial<Seen>, expected: Completeness];

const TABLE: Readonly<Record<string, Row>> = {
  'a commit alone proves nothing': [[COMMIT], [], { outputs: [there] }, { kind: 'unproven' }],
  'a commit after the run’s own good end is whole': [
    [COMMIT],
    [],
    { outputs: [there], goodEnd: true },
    { kind: 'complete', proof: 'good_end' },
  ],
  'a commit with a green check is whole': [
    [COMMIT],
    [NPM_TEST],
    { outputs: [there], checks: [check('green')] },
    { kind: 'complete', proof: 'checks' },
  ],
  'a commit that the task calls conclusive is whole': [[CONCLUSIVE], [], { outputs: [there] }, { kind: 'complete', proof: 'conclusive' }],
  'a commit beside the agent’s own push is whole': [
    [COMMIT, OWN_PUSH],
    [],
    { outputs: [there, outputSeen('push', 'present')] },
    { kind: 'complete', proof: 'outward_output' },
  ],
  'a commit that Outlive has pushed is whole': [
    [COMMIT, PUSH],
    [],
    { outputs: [there, byOutlive('present')] },
    { kind: 'complete', proof: 'outward_output' },
  ],
  'a commit that Outlive still has to push proves nothing': [
    [COMMIT, PUSH],
    [],
    { outputs: [there, byOutlive('absent')] },
    { kind: 'unproven' },
  ],
  'a file is whole': [[FILE], [], { outputs: [outputSeen('file', 'present')] }, { kind: 'complete', proof: 'outward_output' }],
  'a command that agrees is whole': [
    [COMMAND],
    [],
    { outputs: [outputSeen('command', 'present')] },
    { kind: 'complete', proof: 'outward_output' },
  ],

  'a red check is more than a good end': [
    [COMMIT],
    [NPM_TEST],
    { outputs: [there], checks: [check('red', 'exit 1')], goodEnd: true },
    { kind: 'incomplete', missing: [], red: [check('red', 'exit 1')] },
  ],
  'a red check is told though a later one was not run': [
    [COMMIT],
    [NPM_TEST, LINT],
    { outputs: [there], checks: [check('red')] },
    { kind: 'incomplete', missing: [], red: [check('red')] },
  ],
  'an absent output is missing': [
    [COMMIT],
    [],
    { outputs: [outputSeen('commit', 'absent')] },
    { kind: 'incomplete', missing: ['commit absent: it is not there'], red: [] },
  ],
  'a part of an output is missing': [
    [FILE],
    [],
    { outputs: [outputSeen('file', 'partial')] },
    { kind: 'incomplete', missing: ['file partial: a part of it is there'], red: [] },
  ],
  'an output on a host that does not answer is missing': [
    [COMMIT],
    [],
    { outputs: [outputSeen('commit', 'stranded', { evidence: 'the host does not answer' })] },
    { kind: 'incomplete', missing: ['commit stranded: the host does not answer'], red: [] },
  ],
  'one missing output is enough, whatever cannot be seen beside it': [
    [COMMIT, OWN_PUSH],
    [],
    { outputs: [outputSeen('commit', 'absent'), outputSeen('push', 'unknown')] },
    { kind: 'incomplete', missing: ['commit absent: it is not there'], red: [] },
  ],
  'what Outlive owes is not missed': [
    [COMMIT, PUSH],
    [],
    { outputs: [there, byOutlive('absent')], goodEnd: true },
    { kind: 'complete', proof: 'good_end' },
  ],
  'what Outlive owes may be unknown': [
    [COMMIT, PUSH],
    [],
    { outputs: [there, byOutlive('unknown')], goodEnd: true },
    { kind: 'complete', proof: 'good_end' },
  ],

  'a failed look is unknown, also after a good end': [
    [OWN_PUSH],
    [],
    { outputs: [outputSeen('push', 'unknown')], goodEnd: true },
    { kind: 'unknown', unknown: ['push: the origin could not be asked'] },
  ],
  'a check without an answer is unknown': [
    [COMMIT],
    [NPM_TEST],
    { outputs: [there], checks: [check('unknown', 'it was cut off')] },
    { kind: 'unknown', unknown: ['check npm test: it was cut off'] },
  ],
  'a check that was not run is unknown': [
    [COMMIT],
    [NPM_TEST, LINT],
    { outputs: [there], checks: [check('green')] },
    { kind: 'unknown', unknown: ['1 check not run'] },
  ],
  'a look that left out an output is unknown, also after a good end': [
    [COMMIT, OWN_PUSH],
    [],
    { outputs: [there], goodEnd: true },
    { kind: 'unknown', unknown: ['1 output not looked at'] },
  ],
  'no look at all is unknown': [
    [COMMIT, FILE],
    [],
    { outputs: [], goodEnd: true },
    { kind: 'unknown', unknown: ['2 outputs not looked at'] },
  ],
};

describe('the work of a task', () => {
  it.each(Object.entries(TABLE))('%s', (_sentence, [outputs, checks, seen, expected]) => {
    expect(completeness({ outputs, checks }, seenOf(seen))).toEqual(expected);
  });
});

describe('what Outlive owes', () => {
  it('is told in the order of the spec, with its place there', () => {
    expect(owedByOutlive({ outputs: [COMMIT, PUSH, FILE] })).toEqual([{ index: 1, output: PUSH }]);
    expect(owedByOutlive({ outputs: [COMMIT, OWN_PUSH] })).toEqual([]);
  });
});

describe('an output in a sentence', () => {
  it.each([
    [COMMIT, 'a commit'],
    [PUSH, 'the push by Outlive'],
    [OWN_PUSH, 'a pushed branch'],
    [FILE, 'the file report.md'],
    [COMMAND, "the agreement of ./probe.sh 'two words'"],
  ])('%o', (output, said) => expect(sayOutput(output)).toBe(said));
});
