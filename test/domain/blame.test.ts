import { describe, expect, it } from 'vitest';
import { verdictOn } from '../../src/domain/blame.ts';
import { REASON_NAMES, REASONS, type Reason } from '../../src/domain/failure.ts';
import { pagedAs, readScope, SCOPE_KINDS, sayScope } from '../../src/domain/scope.ts';
import { failureOf } from './facts.ts';

const strikes = (reason: Reason): readonly string[] =>
  SCOPE_KINDS.filter((kind) => verdictOn(kind, failureOf(reason), false).kind === 'strike');

describe('the end of a run', () => {
  it.each<[Reason, readonly string[]]>([
    ['rate_limited', ['credential']],
    ['provider_overloaded', ['provider']],
    ['provider_timeout', ['provider']],
    ['out_of_memory', ['host']],
    ['disk_full', ['host']],
    ['heartbeat_lost', ['host']],
    ['network_dropped', ['host', 'provider']],
  ])('as %s speaks against %j and nothing else', (reason, against) => {
    expect(strikes(reason)).toEqual(against);
  });

  it('never speaks against anybody when it is the task, its context, its work or nothing that is understood', () => {
    const own = REASON_NAMES.filter((reason) => !['adapter', 'host'].includes(REASONS[reason].class));
    for (const reason of own) expect(strikes(reason), reason).toEqual([]);
  });

  it('shows that provider and host did their part, when the task, its context or a check is what went wrong', () => {
    for (const reason of ['refused', 'output_rejected', 'context_window_exceeded', 'crashed_after_output'] as const)
      for (const kind of SCOPE_KINDS) expect(verdictOn(kind, failureOf(reason), false).kind, `${reason} ${kind}`).toBe('good');
    expect(verdictOn('provider', undefined, false).kind).toBe('good');
  });

  it('by the host says nothing about the provider, and by the provider that the host is well', () => {
    expect(verdictOn('provider', failureOf('killed'), false).kind).toBe('neutral');
    expect(verdictOn('host', failureOf('provider_overloaded'), false).kind).toBe('good');
    expect(verdictOn('provider', failureOf('credential_rejected'), false).kind).toBe('neutral');
  });

  it('is no strike against a host where the same task died elsewhere too', () => {
    expect(verdictOn('host', failureOf('killed'), true).kind).toBe('neutral');
  });

  it('opens nothing for a quota whose reset is stated: that is waited for', () => {
    expect(strikes('quota_exhausted')).toEqual(['credential']);
    const stated = failureOf('quota_exhausted', { resetsAt: '2026-03-01T10:00:00Z' });
    expect(verdictOn('credential', stated, false).kind).toBe('bad');
  });
});

describe('a scope', () => {
  it.each(['host/build-1', 'provider/anthropic', 'credential/anthropic@3f9c2a7b41de'])('%s is read as it is written', (text) => {
    const scope = readScope(text);
    expect(scope && sayScope(scope)).toBe(text);
  });

  it.each(['', 'host/', 'region/eu', "provider/a'b", 'provider/a b', 'host'])('%j is none', (text) => {
    expect(readScope(text)).toBeUndefined();
  });

  it('of a credential is called by its name, whatever its value', () => {
    expect(pagedAs({ kind: 'credential', name: 'team@1234' })).toBe('credential/team');
    expect(pagedAs({ kind: 'host', name: 'h1' })).toBe('host/h1');
  });
});
