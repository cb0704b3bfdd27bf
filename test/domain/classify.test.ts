import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { classify } from '../../src/domain/classify.ts';
import type { Ending, Verdict } from '../../src/domain/ending.ts';
import type { EndedBy } from '../../src/domain/run.ts';

type Expected = Partial<Verdict>;
type Rows = readonly (readonly [sentence: string, ending: Ending, expected: Expected])[];

interface Fixture {
  readonly name: string;
  readonly ending: Ending;
  readonly expect: Expected;
}
const fixtures = (file: string): Rows =>
  readFileSync(new URL(`../fixtures/endings/${file}`, import.meta.url), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Fixture)
    .map(({ name, ending, expect: expected }) => [name, ending, expected] as const);

describe('traps', () => {
  it.each(fixtures('traps.jsonl'))('%s', (_, ending, expected) => {
    expect(classify(ending)).toMatchObject(expected);
  });
});

describe('whoever ended the run is asked first', () => {
  const enders: readonly (readonly [Exclude<EndedBy, 'itself'>, Expected])[] = [
    ['wall_limit', { class: 'context', reason: 'budget_exhausted' }],
    ['output_limit', { class: 'context', reason: 'budget_exhausted' }],
    ['budget', { class: 'context', reason: 'budget_exhausted' }],
    ['stall', { class: 'host', reason: 'heartbeat_lost' }],
    ['cancel', { class: 'task', reason: 'cancelled' }],
    ['lease', { class: 'host', reason: 'heartbeat_lost' }],
    ['drain', { class: 'host', reason: 'evicted' }],
    ['supervisor_lost', { class: 'host', reason: 'killed' }],
  ];
  it.each(enders)('%s, whatever the words say', (endedBy, expected) => {
    const ending: Ending = {
      endedBy,
      signal: 'SIGKILL',
      httpStatus: 401,
      stderrTail: 'No space left on device',
      landed: { commits: 1, dirty: 0 },
    };
    const verdict = classify(ending);
    expect(verdict).toMatchObject({ ...expected, basis: 'supervisor', rule: `ended_by_${endedBy}` });
    expect(verdict.evidence).toContainEqual({ where: 'ended_by', value: endedBy });
  });

  it('a stall after a question to the model is the provider’s, and still says stall', () => {
    expect(classify({ endedBy: 'stall', awaitsModel: true, durationMs: 600_000 })).toEqual({
      class: 'adapter',
      reason: 'provider_timeout',
      retry: true,
      basis: 'supervisor',
      rule: 'ended_by_stall',
      evidence: [
        { where: 'ended_by', value: 'stall' },
        { where: 'duration', value: '10 min' },
      ],
    });
  });
});

describe('a run that nobody saw end', () => {
  const lost = { endedBy: 'supervisor_lost', durationMs: 90_000 } as const;
  const evidence = [
    { where: 'ended_by', value: 'supervisor_lost' },
    { where: 'duration', value: '90 s' },
  ];
  it.each<[NonNullable<Ending['vanished']>, Expected['reason'], string]>([
    ['boot', 'evicted', 'the machine was booted again'],
    ['container', 'evicted', 'its container has been replaced by another one'],
    ['state', 'evicted', "its host's state folder is another one, and nothing is known of the run there"],
    ['processes', 'killed', 'agent and supervisor are gone, and neither could say why'],
  ])('is known by what is left of its place: %s', (vanished, reason, says) => {
    expect(classify({ ...lost, vanished, landed: { commits: 1, dirty: 0 }, stderrTail: 'Error: 429 Too Many Requests' })).toEqual({
      class: 'host',
      reason,
      retry: true,
      basis: 'supervisor',
      rule: `vanished_${vanished}`,
      evidence: [{ where: 'vanished', value: says }, ...evidence],
    });
  });

  const rows: Rows = [
    [
      'was killed for memory where the kernel says so',
      { ...lost, vanished: 'processes', oomKilled: true },
      { class: 'host', reason: 'out_of_memory', basis: 'supervisor', rule: 'oom_kill' },
    ],
    [
      'was killed where its supervisor died and its agent was ended for it',
      { ...lost, signal: 'SIGKILL' },
      { reason: 'killed', rule: 'ended_by_supervisor_lost' },
    ],
    [
      'was ended by whoever wrote it down before everything went',
      { endedBy: 'wall_limit', vanished: 'boot' },
      { reason: 'budget_exhausted', rule: 'ended_by_wall_limit' },
    ],
    [
      'was cancelled where that was written down, whatever the kernel counted',
      { endedBy: 'cancel', vanished: 'processes', oomKilled: true },
      { class: 'task', reason: 'cancelled', rule: 'ended_by_cancel' },
    ],
  ];
  it.each(rows)('%s', (_, ending, expected) => {
    expect(classify(ending)).toMatchObject(expected);
  });
});

describe('a kill for lack of memory', () => {
  const rows: Rows = [
    [
      'is the kernel’s word against no other cause',
      { endedBy: 'itself', signal: 'SIGKILL', oomKilled: true },
      { class: 'host', reason: 'out_of_memory', basis: 'supervisor', rule: 'oom_kill', retry: true },
    ],
    [
      'outweighs what the agent said before',
      { endedBy: 'itself', exitCode: 137, oomKilled: true, httpStatus: 429, typed: { outcome: 'failed', reason: 'refused' } },
      { reason: 'out_of_memory' },
    ],
    [
      'takes nothing away from work that has landed',
      { endedBy: 'itself', signal: 'SIGKILL', oomKilled: true, landed: { commits: 1, dirty: 0 } },
      { reason: 'crashed_after_output', basis: 'outputs' },
    ],
    ['is no cause where we ended the run', { endedBy: 'stall', signal: 'SIGKILL', oomKilled: true }, { reason: 'heartbeat_lost' }],
  ];
  it.each(rows)('%s', (_, ending, expected) => {
    expect(classify(ending)).toMatchObject(expected);
  });

  it('is quoted', () => {
    expect(classify({ endedBy: 'itself', signal: 'SIGKILL', oomKilled: true }).evidence[0]).toEqual({
      where: 'oom_kill',
      value: "the kernel's count of kills for lack of memory rose while it ran",
    });
  });
});

describe('a run whose journal cannot be relied on', () => {
  const unreadable = 'the journal cannot be relied on: its last line was cut off';
  const rows: readonly (readonly [string, Ending])[] = [
    ['its supervisor’s loss', { unreadable, endedBy: 'supervisor_lost', vanished: 'processes' }],
    ['a good exit', { unreadable, exitCode: 0 }],
    ['work that has landed', { unreadable, landed: { commits: 1, dirty: 0 } }],
    ['its words', { unreadable, typed: { outcome: 'failed', reason: 'rate_limited' }, stderrTail: 'read ECONNRESET' }],
    ['the kernel', { unreadable, oomKilled: true }],
  ];
  it.each(rows)('is not explained by %s, and never retried', (_, ending) => {
    const verdict = classify(ending);
    expect(verdict).toMatchObject({ class: 'unknown', reason: 'unclassified', retry: false, basis: 'none', rule: 'journal_unreadable' });
    expect(verdict.evidence[0]).toEqual({ where: 'journal', value: unreadable });
  });
});

describe('a recorder that ended the run', () => {
  const harness = { timeoutS: 60, sent: 'SIGTERM' };
  const rows: Rows = [
    ['by a signal leaves it killed', { exitCode: 0, harnessSignal: 'SIGTERM' }, { reason: 'killed', basis: 'supervisor' }],
    ['by an interrupt has cancelled it', { exitCode: 0, harnessSignal: 'SIGINT' }, { reason: 'cancelled', basis: 'supervisor' }],
    [
      'after the work landed leaves only the rest',
      { harnessSignal: 'SIGKILL', landed: { commits: 1, dirty: 0 } },
      { reason: 'crashed_after_output' },
    ],
    [
      'for its time says what it suffered from',
      { harness, stderrTail: 'read ECONNRESET' },
      { reason: 'network_dropped', basis: 'supervisor' },
    ],
    ['for its time in silence has seen a stall', { harness, signal: 'SIGTERM' }, { reason: 'heartbeat_lost', rule: 'recorder_timeout' }],
    ['while the model was asked blames the provider', { harness, awaitsModel: true }, { reason: 'provider_timeout' }],
  ];
  it.each(rows)('%s', (_, ending, expected) => {
    expect(classify(ending)).toMatchObject(expected);
  });
});

describe('what has landed', () => {
  const rows: Rows = [
    [
      'commits outweigh every failing word',
      { exitCode: 1, httpStatus: 529, landed: { commits: 2, dirty: 1 } },
      { reason: 'crashed_after_output', basis: 'outputs', retry: false },
    ],
    [
      'commits that are not the whole work leave the cause',
      { exitCode: 1, httpStatus: 529, landed: { commits: 2, dirty: 0, complete: false } },
      { reason: 'provider_overloaded' },
    ],
    ['no commits leave the cause', { exitCode: 1, httpStatus: 401, landed: { commits: 0, dirty: 3 } }, { reason: 'credential_rejected' }],
    [
      'whole work counts without a commit',
      { signal: 'SIGKILL', landed: { commits: 0, dirty: 0, complete: true } },
      { reason: 'crashed_after_output' },
    ],
    [
      'the run’s own claim does not stand against a look',
      { exitCode: 1, landed: { commits: 0, dirty: 0 }, tail: 'run failed: subtype=success: done' },
      { reason: 'unclassified' },
    ],
  ];
  it.each(rows)('%s', (_, ending, expected) => {
    expect(classify(ending)).toMatchObject(expected);
  });
});

describe('a good end', () => {
  const good: Expected = { class: 'none', reason: 'succeeded', retry: false, rule: 'good_end' };
  const rows: Rows = [
    ['is exit 0 where nobody says otherwise', { exitCode: 0 }, { ...good, basis: 'exit_code' }],
    ['is the agent’s word where no exit is known', { typed: { outcome: 'finished' } }, { ...good, basis: 'typed' }],
    [
      'with its commit stands against trouble on the way',
      { exitCode: 0, landed: { commits: 1, dirty: 0 }, stderrTail: 'Error: 429 Too Many Requests' },
      good,
    ],
    [
      'stands against a pause told on the other stream',
      { exitCode: 0, stdoutTail: '{"result":"done"}', stderrTail: 'You exceeded your current quota' },
      good,
    ],
    ['stands against trouble far before the end', { exitCode: 0, tail: `read ECONNRESET\n${'step\n'.repeat(20)}` }, good],
    [
      'is none when the last words are a typed failure',
      { exitCode: 0, stdoutTail: '{"error":{"type":"authentication_error"}}' },
      { reason: 'credential_rejected', basis: 'text' },
    ],
    ['is none with a failing status', { exitCode: 0, httpStatus: 429 }, { reason: 'rate_limited', basis: 'http_status' }],
    [
      'is none when the agent says it failed',
      { exitCode: 0, typed: { outcome: 'failed', reason: 'infeasible' } },
      { reason: 'infeasible', basis: 'typed' },
    ],
    [
      'is none when the agent failed without saying why',
      { exitCode: 0, typed: { outcome: 'failed' } },
      { reason: 'unclassified', retry: false },
    ],
    [
      'without its commit is rejected',
      { exitCode: 0, stdoutTail: 'done', landed: { commits: 0, dirty: 0 } },
      { reason: 'output_rejected', basis: 'outputs' },
    ],
    [
      'without its commit may say why',
      { exitCode: 0, stdoutTail: 'stop: 500 Internal Server Error', landed: { commits: 0, dirty: 0 } },
      { reason: 'provider_overloaded' },
    ],
    [
      'without its outputs names them',
      { exitCode: 0, stdoutTail: 'done', goodEndMissing: ['the file report.md'] },
      { reason: 'output_rejected', rule: 'output_missing' },
    ],
    [
      'without outputs and without a word is open',
      { exitCode: 0, goodEndMissing: ['a commit'] },
      { class: 'unknown', reason: 'unclassified', rule: 'good_end_without_a_word' },
    ],
    [
      'without outputs, but with usage, is rejected',
      { exitCode: 0, usage: { outputTokens: 4 }, goodEndMissing: ['a commit'] },
      { reason: 'output_rejected' },
    ],
    [
      'with a red check is rejected, landed or not',
      { exitCode: 0, redChecks: ['npm test'], landed: { commits: 1, dirty: 0 } },
      { reason: 'output_rejected', rule: 'check_red' },
    ],
  ];
  it.each(rows)('%s', (_, ending, expected) => {
    expect(classify(ending)).toMatchObject(expected);
  });

  it('quotes what is missing', () => {
    const { evidence } = classify({ exitCode: 0, stdoutTail: 'done', goodEndMissing: ['the file report.md', 'a commit'] });
    expect(evidence.filter(({ where }) => where === 'output.missing').map(({ value }) => value)).toEqual([
      'the file report.md',
      'a commit',
    ]);
  });
});

describe('typed fields', () => {
  const failed = (reason: string) => ({ outcome: 'failed', reason }) as const;
  const rows: Rows = [
    [
      'decide before a status',
      { exitCode: 1, httpStatus: 500, typed: failed('refused') },
      { reason: 'refused', basis: 'typed', rule: 'result_reason' },
    ],
    ['may name the class too', { exitCode: 1, typed: failed('adapter.rate_limited') }, { reason: 'rate_limited', basis: 'typed' }],
    ['with the wrong class are no reason', { exitCode: 1, typed: failed('host.rate_limited') }, { reason: 'unclassified' }],
    [
      'of an unknown name leave it to the rest',
      { exitCode: 1, httpStatus: 401, typed: failed('tired') },
      { reason: 'credential_rejected', basis: 'http_status' },
    ],
    ['cannot claim that the work had landed', { exitCode: 1, typed: failed('crashed_after_output') }, { reason: 'unclassified' }],
    [
      'say when to come back',
      { exitCode: 1, typed: { ...failed('quota_exhausted'), resetsAt: '2026-03-01T10:00:00+01:00' } },
      { retry: 'after_check', resetsAt: '2026-03-01T09:00:00.000Z' },
    ],
    [
      'say how long to wait',
      { exitCode: 1, typed: { ...failed('rate_limited'), retryAfterMs: 5000 } },
      { retry: true, retryAfterMs: 5000 },
    ],
    [
      'of a start that did not happen name the program',
      { notStarted: { code: 'ENOENT', message: 'spawn claude ENOENT' } },
      { reason: 'tool_missing', basis: 'typed' },
    ],
    ['of a start that did not happen name the disk', { notStarted: { code: 'ENOSPC', message: 'write' } }, { reason: 'disk_full' }],
    ['of a start that did not happen name the memory', { notStarted: { code: 'ENOMEM', message: 'fork' } }, { reason: 'out_of_memory' }],
    [
      'that are not there at all, after no time, are those of a program that could not be started',
      { durationMs: 0, stdoutTail: '', stderrTail: '' },
      { reason: 'tool_missing', rule: 'never_lived' },
    ],
    ['that are not there leave open what took some time', { durationMs: 100, stdoutTail: '', stderrTail: '' }, { reason: 'unclassified' }],
    [
      'of a start with an unknown code stay open',
      { notStarted: { code: 'EWEIRD', message: '?' } },
      { reason: 'unclassified', retry: false },
    ],
  ];
  it.each(rows)('%s', (_, ending, expected) => {
    expect(classify(ending)).toMatchObject(expected);
  });

  it('of an unknown name are kept as evidence', () => {
    expect(classify({ exitCode: 1, typed: failed('tired') }).evidence).toContainEqual({ where: 'result.reason', value: 'tired' });
  });
});

describe('codes', () => {
  const rows: Rows = [
    ['a status decides before an exit code', { httpStatus: 503, exitCode: 137 }, { reason: 'provider_overloaded', basis: 'http_status' }],
    [
      'a status decides before words of another matter',
      { httpStatus: 429, tail: 'No space left on device' },
      { reason: 'rate_limited', basis: 'http_status' },
    ],
    ['a good status decides nothing', { httpStatus: 200, exitCode: 1 }, { reason: 'unclassified' }],
    ['137 with no cause is killed', { exitCode: 137 }, { class: 'host', reason: 'killed', retry: true, basis: 'exit_code' }],
    [
      '137 with words of the kernel is out of memory',
      { exitCode: 137, stderrTail: 'Out of memory: Killed process 12 (node)' },
      { reason: 'out_of_memory', basis: 'text' },
    ],
    ['a signal is its number and 128', { signal: 'SIGKILL' }, { reason: 'killed', basis: 'exit_code', rule: 'signal_unexplained' }],
    ['an interrupt is somebody’s', { exitCode: 130 }, { class: 'task', reason: 'cancelled', retry: false }],
    [
      'an interrupt at a time limit is the limit',
      { exitCode: 130, tail: 'Exit code: 130, timed out: true' },
      { reason: 'budget_exhausted' },
    ],
    ['124 is the limit of timeout(1)', { exitCode: 124 }, { reason: 'budget_exhausted' }],
    ['127 is a missing program', { exitCode: 127 }, { reason: 'tool_missing' }],
    ['a code above 128 that is no signal stays open', { exitCode: 173 }, { reason: 'unclassified' }],
    ['1 says nothing', { exitCode: 1 }, { class: 'unknown', reason: 'unclassified', retry: false, basis: 'none', rule: 'no_rule' }],
    ['nothing known is unknown', {}, { class: 'unknown', reason: 'unclassified', retry: false, basis: 'none', evidence: [] }],
  ];
  it.each(rows)('%s', (_, ending, expected) => {
    expect(classify(ending)).toMatchObject(expected);
  });
});

describe('words', () => {
  it('of stderr come before those of the output', () => {
    expect(classify({ exitCode: 1, stdoutTail: 'No space left on device', stderrTail: 'read ECONNRESET' }).reason).toBe('network_dropped');
  });

  it('that are plain come before vague ones of another stream', () => {
    expect(classify({ exitCode: 1, stderrTail: 'Error: 400 Bad Request', stdoutTail: 'prompt is too long' }).reason).toBe(
      'context_window_exceeded',
    );
  });

  it('far before the end do not make a vague one plainer', () => {
    const tail = `invalid x-api-key\n${'step done\n'.repeat(400)}Error: 400 Bad Request`;
    expect(classify({ exitCode: 1, tail }).reason).toBe('invalid_request');
  });

  it('before the last 8 KiB are not looked at', () => {
    expect(classify({ exitCode: 1, tail: `No space left on device\n${'x'.repeat(10_000)}` }).reason).toBe('unclassified');
  });

  it('are quoted with the stream they stood on, at most 200 characters', () => {
    const { evidence } = classify({ exitCode: 1, stderrTail: `${'a '.repeat(300)}read ECONNRESET ${'b '.repeat(300)}` });
    expect(evidence[0]?.where).toBe('stderr');
    expect(evidence[0]?.value).toContain('read ECONNRESET');
    expect(evidence[0]?.value.length).toBeLessThanOrEqual(200);
  });
});
