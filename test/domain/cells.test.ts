// The whole policy as a table: reason × what is there × what is used up → decision. To change a policy, change a row here.

import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { reactionsPage } from '../../scripts/reactions-page.ts';
import { REASON_NAMES, type Reason } from '../../src/domain/failure.ts';
import { BY_CREDENTIAL, BY_INCIDENT, BY_LEDGERS, BY_OUTPUTS, type Table } from './cells.ts';

/** By what is there, the columns being: */
const OUTPUTS = [
  'nothing is there',
  'changes, and no commit',
  'a commit, no check asked for',
  'a commit, its check red',
  'a commit, its check green',
  'an output that nobody could see',
  'its host does not answer, its lease is over',
  'its host does not answer, it may be alive',
  'a commit that could not be banked',
];
/** And by what is used up: */
const LEDGERS = [
  'the first run',
  'the same words twice, on one host',
  'the same reason on two hosts, with progress',
  'the third for this reason',
  'the last run that it may have',
  'its run time is used up',
  'its money is used up',
  'the third that could not even start',
];

const EXPECTED: Readonly<Record<Reason, readonly [byOutputs: string, byLedgers: string]>> = {
  credential_rejected: ['check check check check finish hold check hold check', 'check check check check check check check check'],
  credential_revoked: ['check check check check finish hold check hold check', 'check check check check check check check check'],
  rate_limited: ['retry retry retry retry finish hold retry hold hold', 'retry retry retry ask ask ask ask ask'],
  quota_exhausted: ['hold hold hold hold finish hold hold hold hold', 'hold hold hold ask ask ask ask ask'],
  provider_overloaded: ['retry retry retry retry finish hold retry hold hold', 'retry retry retry ask ask ask ask ask'],
  provider_timeout: ['retry retry retry retry finish hold retry hold hold', 'retry retry retry ask ask ask ask ask'],
  model_unavailable: ['ask ask ask ask finish hold ask hold ask', 'ask ask ask ask ask ask ask ask'],
  out_of_memory: ['retry retry retry retry finish hold retry hold hold', 'retry ask ask ask ask ask ask ask'],
  killed: ['retry retry retry retry finish hold retry hold hold', 'retry ask ask ask ask ask ask ask'],
  evicted: ['retry retry retry retry finish hold retry hold hold', 'retry ask ask ask ask ask ask ask'],
  network_dropped: ['retry retry retry retry finish hold retry hold hold', 'retry ask ask ask ask ask ask ask'],
  disk_full: ['retry retry retry retry finish hold retry hold hold', 'retry ask ask ask ask ask ask ask'],
  tool_missing: ['retry retry retry retry finish hold retry hold hold', 'retry ask ask ask ask ask ask ask'],
  heartbeat_lost: ['retry retry retry retry finish hold retry hold hold', 'retry ask ask ask ask ask ask ask'],
  context_window_exceeded: ['split enrich enrich enrich finish hold split hold hold', 'split ask enrich ask ask ask ask ask'],
  output_truncated: ['split enrich enrich enrich finish hold split hold hold', 'split ask enrich ask ask ask ask ask'],
  turn_limit: ['split enrich enrich enrich finish hold split hold hold', 'split ask enrich ask ask ask ask ask'],
  budget_exhausted: ['split enrich enrich enrich finish hold split hold hold', 'split ask enrich ask ask ask ask ask'],
  crashed_after_output: ['ask ask ask ask finish hold ask hold ask', 'ask ask ask ask ask ask ask ask'],
  refused: ['ask ask ask ask finish hold ask hold ask', 'ask ask ask ask ask ask ask ask'],
  invalid_request: ['ask ask ask ask finish hold ask hold ask', 'ask ask ask ask ask ask ask ask'],
  infeasible: ['ask ask ask ask finish hold ask hold ask', 'ask ask ask ask ask ask ask ask'],
  output_rejected: ['retry retry retry retry finish hold retry hold hold', 'retry ask ask ask ask ask ask ask'],
  permission_needed: ['ask ask ask ask finish hold ask hold ask', 'ask ask ask ask ask ask ask ask'],
  cancelled: ['stop stop stop stop stop stop stop stop stop', 'stop stop stop stop stop stop stop stop'],
  unclassified: ['ask ask ask ask finish hold ask hold ask', 'ask ask ask ask ask ask ask ask'],
};

/** And while there is an incident of what the failure speaks against: */
const INCIDENT = [
  ...LEDGERS.filter((column) => column !== 'the third that could not even start'),
  'no reset is stated',
  'its whole work is there',
  'an output that nobody could see',
  'its credential is not valid',
];
const SHARED_BY_ALL = 'hold hold hold hold ask ask ask hold finish hold hold';
/** A host that is ill takes no runs, so the first try elsewhere is not kept waiting. */
const SHARED_BY_A_HOST = 'retry hold hold hold ask ask ask retry finish hold retry';
const CHECKED_FIRST = 'check check check check check check check check finish hold hold';
const EXPECTED_IN_INCIDENT: Readonly<Partial<Record<Reason, string>>> = {
  credential_rejected: CHECKED_FIRST,
  credential_revoked: CHECKED_FIRST,
  rate_limited: SHARED_BY_ALL,
  quota_exhausted: SHARED_BY_ALL,
  provider_overloaded: SHARED_BY_ALL,
  provider_timeout: SHARED_BY_ALL,
  out_of_memory: SHARED_BY_A_HOST,
  killed: SHARED_BY_A_HOST,
  evicted: SHARED_BY_A_HOST,
  network_dropped: SHARED_BY_A_HOST,
  disk_full: SHARED_BY_A_HOST,
  tool_missing: SHARED_BY_A_HOST,
  heartbeat_lost: SHARED_BY_A_HOST,
};

const CHECKED = ['it is valid', 'it is not valid', 'it could not tell', 'it could not tell for the third time'];

const rowOf = (table: Table, reason: Reason) => Object.values(table).map((column) => column[reason]?.kind);
const everyCell = [BY_OUTPUTS, BY_LEDGERS, BY_CREDENTIAL, BY_INCIDENT].flatMap((table) =>
  Object.entries(table).flatMap(([column, cells]) => Object.entries(cells).map(([reason, decision]) => ({ column, reason, decision }))),
);

describe('the table of decisions', () => {
  it('has its columns', () => {
    expect(Object.keys(BY_OUTPUTS)).toEqual(OUTPUTS);
    expect(Object.keys(BY_LEDGERS)).toEqual(LEDGERS);
    expect(Object.keys(BY_CREDENTIAL)).toEqual(CHECKED);
    expect(Object.keys(BY_INCIDENT)).toEqual(INCIDENT);
  });

  it.each(REASON_NAMES)('%s', (reason) => {
    const [byOutputs, byLedgers] = EXPECTED[reason];
    expect(rowOf(BY_OUTPUTS, reason)).toEqual(byOutputs.split(' '));
    expect(rowOf(BY_LEDGERS, reason)).toEqual(byLedgers.split(' '));
  });

  it.each<Reason>(['credential_rejected', 'credential_revoked'])('%s, once its credential was checked', (reason) => {
    expect(rowOf(BY_CREDENTIAL, reason)).toEqual(['retry', 'ask', 'retry', 'ask']);
  });

  it.each(REASON_NAMES)('%s, while there is an incident', (reason) => {
    expect(
      rowOf(BY_INCIDENT, reason)
        .map((kind) => kind ?? '')
        .join(' ')
        .trim(),
    ).toBe(EXPECTED_IN_INCIDENT[reason] ?? '');
  });

  it.each(everyCell)('says of $reason, $column, what was known, what is used up, and what would have changed it', ({ decision }) => {
    const { kind, because, used, otherwise, ledgers, ledgersAfter, evidence, ask } = decision;
    expect(because).toMatch(/^\S.{20,}[^.]$/);
    expect(otherwise).toMatch(/^\S.{20,}[^.]$/);
    expect(used).toMatch(/^\d+ of \d+ runs/);
    expect((ask?.evidence ?? evidence)?.length).toBeGreaterThan(0);
    const startsRun = kind === 'retry' || kind === 'enrich' || kind === 'split';
    expect(ledgersAfter).toEqual(startsRun ? { ...ledgers, runs: ledgers.runs + 1 } : undefined);
    if (startsRun) expect(used).toContain(`runs, then ${ledgers.runs + 1};`);
  });

  it('is what docs/reactions.md says', () => {
    const page = readFileSync(new URL('../../docs/reactions.md', import.meta.url), 'utf8');
    expect(page === reactionsPage() ? '' : 'docs/reactions.md is old: run `npm run docs:reactions -s > docs/reactions.md`').toBe('');
  });
});
