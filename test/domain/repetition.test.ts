import { describe, expect, it } from 'vitest';
import type { Failure, Reason } from '../../src/domain/failure.ts';
import { otherHosts, repetition, suspects } from '../../src/domain/repetition.ts';
import type { RunRecord } from '../../src/domain/run.ts';
import { failureOf, runOf, sameAgain } from './facts.ts';

const HOSTS = ['h1', 'h2', 'h3'];
const suspicion = (runs: readonly RunRecord[], { hosts = HOSTS, granted = 0 }: { hosts?: readonly string[]; granted?: number } = {}) =>
  repetition({ runs, failure: runs.at(-1)?.failure as Failure, hosts, granted });
const saying = (reason: Reason, ...words: readonly string[]) =>
  words.map((value, index) => runOf(index + 1, failureOf(reason, { evidence: [{ where: 'stderr', value }] })));

describe('a host reason', () => {
  it.each([
    ['on one host once is an accident', sameAgain('killed', ['h1']), HOSTS, undefined],
    [
      'on two hosts speaks against the task',
      sameAgain('evicted', ['h1', 'h2'], { progress: true }),
      HOSTS,
      'the same reason on 2 hosts (h1, h2) speaks against the task, not against a host',
    ],
    [
      'twice on the only host does too',
      sameAgain('evicted', ['h1', 'h1'], { progress: true }),
      ['h1'],
      'the same reason came twice on the only host',
    ],
    ['twice on one of several, with progress, does not', sameAgain('evicted', ['h1', 'h1'], { progress: true }), HOSTS, undefined],
    [
      'after another one is no repetition',
      [...sameAgain('disk_full', ['h1']), runOf(2, failureOf('killed'), { host: 'h2' })],
      HOSTS,
      undefined,
    ],
  ])('%s', (_sentence, runs, hosts, expected) => expect(suspicion(runs, { hosts })).toBe(expected));

  it('of a run whose host nobody knows counts for no host', () => {
    const [first, second] = sameAgain('heartbeat_lost', ['h1', 'h2'], { progress: true }) as [RunRecord, RunRecord];
    const { host: _, ...homeless } = first;
    expect(suspicion([homeless, second])).toBeUndefined();
  });

  it('is asked about once for each grant, and again when it comes again', () => {
    expect(suspicion(sameAgain('evicted', ['h1', 'h2'], { progress: true }), { granted: 1 })).toBeUndefined();
    expect(suspicion(sameAgain('evicted', HOSTS, { progress: true }), { granted: 1 })).toContain('3 hosts');
  });
});

describe('the same failure', () => {
  it.each([
    [
      'twice without progress is no accident',
      saying('output_rejected', 'exit 1', 'exit 1'),
      'the same failure came twice without any progress between',
    ],
    [
      'three times is said so',
      saying('output_rejected', 'exit 1', 'exit 1', 'exit 1'),
      'the same failure came 3 times without any progress between',
    ],
    [
      'is the same with other numbers in it',
      saying('killed', 'pid 412 after 9 s', 'pid 97 after 12 s'),
      'the same failure came twice without any progress between',
    ],
    ['is another one with other words', saying('killed', 'out of luck', 'out of time'), undefined],
    [
      'is none with something else between',
      [...saying('killed', 'a', 'b'), runOf(3, failureOf('killed', { evidence: [{ where: 'stderr', value: 'a' }] }))],
      undefined,
    ],
    ['says nothing of the task where the provider is busy', saying('rate_limited', '429', '429', '429'), undefined],
  ])('%s', (_sentence, runs, expected) => expect(suspicion(runs)).toBe(expected));

  it('is none where either run made progress', () => {
    const [first, second] = saying('killed', 'a', 'a') as [RunRecord, RunRecord];
    const moved = (run: RunRecord): RunRecord => ({ ...run, failure: { ...(run.failure as Failure), progress: true } });
    expect(suspicion([moved(first), second])).toBeUndefined();
    expect(suspicion([first, moved(second)])).toBeUndefined();
  });

  it('after a good end is none', () => {
    const [first, second] = saying('killed', 'a', 'a') as [RunRecord, RunRecord];
    const { failure: _, ...good } = first;
    expect(suspicion([good, second])).toBeUndefined();
  });
});

describe('two sayings', () => {
  const areAlike = (...words: string[]) => suspicion(saying('killed', ...words)) !== undefined;

  it('are alike but for numbers and ids', () => {
    expect(areAlike('commit 3fa9c21b in 12.5 s', 'commit b81d44e0 in 7.1 s')).toBe(true);
    expect(areAlike('session 1b2c3d4e-0f1a-4b2c', 'session 9e8d7c6b-5a4f-4e3d')).toBe(true);
    expect(areAlike('exit a', 'exit z')).toBe(false);
  });

  it('are not alike where another rule heard them', () => {
    const [first, second] = saying('killed', 'a', 'a') as [RunRecord, RunRecord];
    expect(suspicion([first, { ...second, failure: failureOf('killed', { rule: 'another' }) }])).toBeUndefined();
  });

  it('are alike where nothing was said at all', () => {
    expect(suspicion(sameAgain('killed', ['h1', 'h1'], { evidence: [] }))).toBeDefined();
  });
});

describe('suspect hosts', () => {
  const failedOn = (...hosts: string[]) => sameAgain('killed', hosts);
  it.each([
    ['are those that failed the task', failedOn('h1', 'h2'), HOSTS, ['h1', 'h2']],
    ['are told though nobody knows the others', failedOn('h1', 'h2'), undefined, ['h1', 'h2']],
    ['are the last alone where all have failed it', failedOn('h1', 'h2'), ['h1', 'h2'], ['h2']],
    ['are none where there is only one', failedOn('h1'), ['h1'], []],
    ['are none where there are no hosts at all', failedOn('h1'), [], []],
    ['are not those of a busy provider', sameAgain('rate_limited', ['h1']), HOSTS, []],
  ])('%s', (_sentence, runs, hosts, expected) => {
    expect(suspects({ runs, ...(hosts ? { hosts } : {}) })).toEqual(expected);
  });

  it('leave the others to choose from', () => {
    expect(otherHosts({ runs: failedOn('h1'), hosts: HOSTS })).toEqual(['h2', 'h3']);
    expect(otherHosts({ runs: failedOn('h1') })).toBeUndefined();
  });
});
