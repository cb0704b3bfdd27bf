import { describe, expect, it } from 'vitest';
import { REASON_NAMES, REASONS } from '../../src/domain/failure.ts';
import { REACTIONS } from '../../src/domain/reactions.ts';

/** A policy is read more often than it is changed: this is all of it. */
const POLICY = {
  credential_rejected: 'check_credential',
  credential_revoked: 'check_credential',
  rate_limited: 'retry stated any',
  quota_exhausted: 'retry_after_reset',
  provider_overloaded: 'retry stated any',
  provider_timeout: 'retry stated any',
  model_unavailable: 'ask',
  out_of_memory: 'retry none preferred',
  disk_full: 'retry none preferred',
  tool_missing: 'retry none required',
  killed: 'retry none preferred',
  evicted: 'retry none preferred',
  heartbeat_lost: 'retry none preferred',
  network_dropped: 'retry backoff preferred',
  context_window_exceeded: 'enrich',
  output_truncated: 'enrich',
  turn_limit: 'enrich',
  budget_exhausted: 'enrich',
  crashed_after_output: 'finish',
  refused: 'ask',
  invalid_request: 'ask',
  infeasible: 'ask',
  output_rejected: 'feedback',
  permission_needed: 'ask',
  cancelled: 'stop',
  unclassified: 'ask',
};

describe('the table of reactions', () => {
  it('is the policy that is written down here', () => {
    const said = Object.entries(REACTIONS).map(([reason, reaction]) => [
      reason,
      reaction.kind === 'retry' ? `retry ${reaction.wait} ${reaction.elsewhere}` : reaction.kind,
    ]);
    expect(Object.fromEntries(said)).toEqual(POLICY);
  });

  it('starts a run by itself just for reasons that the closed table calls retryable', () => {
    const retried = REASON_NAMES.filter((reason) => REACTIONS[reason].kind === 'retry');
    expect(retried.toSorted()).toEqual(REASON_NAMES.filter((reason) => REASONS[reason].retry === true).toSorted());
  });

  it.each(REASON_NAMES)('of %s says why where it asks, as a part of a sentence', (reason) => {
    const reaction = REACTIONS[reason];
    if (reaction.kind === 'ask') expect(reaction.why).toMatch(/^[a-z].*[^.;:,\s]$/);
  });
});
