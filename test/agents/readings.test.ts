import { describe, expect, it } from 'vitest';
import { endingOf, rulesFor } from '../../src/agents/index.ts';
import { classify } from '../../src/domain/classify.ts';
import type { Ending } from '../../src/domain/ending.ts';
import { PROCESS_RULES } from '../../src/domain/process-rules.ts';
import { ended } from './recorded.ts';

const lines = (...events: readonly object[]) => events.map((event) => JSON.stringify(event)).join('\n');
const read = (agent: string, ...events: readonly object[]) => endingOf({ agent, exitCode: 1, stdoutTail: lines(...events) });
const verdictOn = (ending: Ending) => classify(endingOf(ending), rulesFor(ending.agent));

type Rows = readonly (readonly [sentence: string, ending: Ending, expected: object])[];
const holds = (rows: Rows) => it.each(rows)('%s', (_, ending, expected) => expect(endingOf(ending)).toMatchObject(expected));

describe('an agent that nobody knows', () => {
  it.each([undefined, '', 'mine', 'constructor', '__proto__', 'claudette'])('such as %j leaves its ending as it is', (agent) => {
    const ending: Ending = { ...(agent === undefined ? {} : { agent }), exitCode: 0, stdoutTail: '{"type":"result"}', stderrTail: 'x' };
    expect(endingOf(ending)).toBe(ending);
    expect(rulesFor(agent)).toBe(PROCESS_RULES);
  });

  it('has the same list of rules each time, so that it is made ready once', () => {
    expect(rulesFor('gemini')).toBe(rulesFor('gemini-defaults'));
    expect(rulesFor('gemini').slice(-PROCESS_RULES.length)).toEqual(PROCESS_RULES);
  });
});

describe("each agent's own rules", () => {
  const own = ['claude', 'codex', 'gemini', 'qwen', 'opencode', 'pi', 'acp', 'sdk'].flatMap((agent) =>
    rulesFor(agent)
      .filter((rule) => !PROCESS_RULES.includes(rule) && rule.reason !== 'unclassified')
      .map((rule) => [agent, rule.name, rule] as const),
  );
  it.each(own)('%s: %s decides on its own sample', (agent, name, rule) => {
    const ending: Ending = rule.where === 'exit_code' ? { exitCode: Number(rule.sample) } : { tail: rule.sample };
    expect(classify({ agent, ...ending }, rulesFor(agent))).toMatchObject({ reason: rule.reason, rule: name });
  });
});

describe('the events of Claude Code', () => {
  const init = { type: 'system', subtype: 'init', session_id: 's1' };
  const retry = { type: 'system', subtype: 'api_retry', attempt: 1, error_status: 529, error: 'overloaded', session_id: 's1' };
  const tool = { type: 'assistant', message: { content: [{ type: 'tool_use', name: 'Bash' }], usage: { input_tokens: 10 } } };
  const answered = { type: 'user', message: { content: [{ type: 'tool_result', content: 'ok' }] } };
  const result = { type: 'result', subtype: 'success', is_error: false, result: 'done', session_id: 's1' };

  it('tell whether the model was asked last', () => {
    expect(read('claude', init).awaitsModel).toBe(true);
    expect(read('claude', init, tool).awaitsModel).toBe(false);
    expect(read('claude', init, tool, answered).awaitsModel).toBe(true);
  });

  it('tell of a retry, which is no end of its own', () => {
    const cut = read('claude', init, retry);
    expect(cut).toMatchObject({ suffered: { words: 'api_retry: HTTP status 529 overloaded' }, awaitsModel: true });
    expect(classify({ ...cut, harness: { timeoutS: 60, sent: 'SIGTERM' } })).toMatchObject({
      reason: 'provider_overloaded',
      basis: 'supervisor',
    });
    expect(classify({ ...cut, endedBy: 'stall' })).toMatchObject({
      reason: 'provider_timeout',
      rule: 'ended_by_stall',
      evidence: [
        { where: 'ended_by', value: 'stall' },
        { where: 'agent.retry', value: 'api_retry: HTTP status 529 overloaded' },
      ],
    });
    expect(classify(cut)).toMatchObject({ reason: 'unclassified', retry: false });
    expect(read('claude', init, retry, tool).suffered).toBeUndefined();
  });

  it('sum up what was read as long as there is no total', () => {
    expect(read('claude', init, tool, answered, tool)).toMatchObject({ usage: { inputTokens: 20, incomplete: true } });
    const total = {
      ...result,
      total_cost_usd: 0.5,
      modelUsage: { a: { inputTokens: 3, outputTokens: 4 }, b: { inputTokens: 5, outputTokens: 6 } },
    };
    const whole = read('claude', init, tool, answered, total);
    expect(whole.usage).toEqual({ inputTokens: 8, outputTokens: 10, costUsd: 0.5, turns: 2 });
  });

  it('name the session and the tools that were not allowed', () => {
    expect(read('claude', init, { ...result, permission_denials: [{ tool_name: 'Bash' }, { tool_name: 'Bash' }] })).toMatchObject({
      session: 's1',
      denied: ['Bash'],
      typed: { outcome: 'finished' },
    });
  });

  it('leave a denial without a commit to a person, and one with a commit alone', () => {
    const ending = { agent: 'claude', exitCode: 0, stdoutTail: lines(init, { ...result, permission_denials: [{ tool_name: 'Bash' }] }) };
    expect(verdictOn({ ...ending, landed: { commits: 0, dirty: 0 } })).toMatchObject({
      reason: 'permission_needed',
      basis: 'typed',
      retry: false,
    });
    expect(verdictOn({ ...ending, landed: { commits: 1, dirty: 0 } })).toMatchObject({ reason: 'succeeded' });
  });

  it.each([
    ['after its result', [init, result, { type: 'system', subtype: 'session_writes_lost', error_code: 'ENOSPC' }]],
    ['before its result', [init, { type: 'system', subtype: 'session_writes_lost', error_code: 'ENOSPC' }, tool, answered, result]],
  ])('say that the disk was full, %s', (_, events) => {
    expect(verdictOn({ agent: 'claude', exitCode: 0, stdoutTail: lines(...events) })).toMatchObject({
      reason: 'disk_full',
      basis: 'typed',
    });
  });

  const failing = { type: 'result', is_error: true, session_id: 's1' };
  const rows: readonly (readonly [field: string, event: object, expected: object])[] = [
    ['terminal_reason', { ...failing, terminal_reason: 'prompt_too_long' }, { reason: 'context_window_exceeded', basis: 'typed' }],
    ['subtype', { ...failing, subtype: 'error_max_turns' }, { reason: 'turn_limit', basis: 'typed' }],
    ['the run’s own budget', { ...failing, subtype: 'error_max_budget_usd' }, { reason: 'budget_exhausted', basis: 'typed' }],
    ['startup_failure_reason', { ...failing, startup_failure_reason: 'shell_tool_missing' }, { reason: 'tool_missing' }],
    ['a start-up reason that is new', { ...failing, startup_failure_reason: 'moon_phase' }, { reason: 'unclassified', retry: false }],
    ['stop_reason', { ...failing, is_error: false, stop_reason: 'refusal', result: 'No.' }, { reason: 'refused', basis: 'typed' }],
    [
      'a status of 403 before its error’s name',
      { ...failing, api_error_status: 403 },
      { reason: 'credential_revoked', basis: 'http_status' },
    ],
    [
      'the words where there is no status',
      { ...failing, result: 'API Error: read ECONNRESET' },
      { reason: 'network_dropped', basis: 'text' },
    ],
  ];
  it.each(rows)('of a failing result are believed by %s', (_, event, expected) => {
    expect(verdictOn({ agent: 'claude', exitCode: 1, stdoutTail: lines(init, event) })).toMatchObject(expected);
  });

  it('give the reset of a plan', () => {
    const limit = { type: 'rate_limit_event', rate_limit_info: { status: 'rejected', resetsAt: 1_772_360_000 } };
    const words = {
      type: 'assistant',
      error: 'rate_limit',
      api_error: 'usage_limit_reached',
      api_error_status: 429,
      message: { content: [] },
    };
    expect(verdictOn({ agent: 'claude', exitCode: 1, stdoutTail: lines(init, limit, words, failing) })).toMatchObject({
      reason: 'quota_exhausted',
      retry: 'after_check',
      resetsAt: '2026-03-01T10:13:20.000Z',
    });
  });
});

describe('the events of Codex', () => {
  const app = (error: object, willRetry = false) => ({ method: 'error', params: { error, willRetry } });
  const rows: Rows = [
    ['name its thread', ended('codex__success'), { typed: { outcome: 'finished' }, awaitsModel: false }],
    [
      'tell of a command at work',
      { agent: 'codex', stdoutTail: lines({ type: 'item.started', item: { type: 'command_execution' } }) },
      { awaitsModel: false },
    ],
    ['tell that the network is waited for', ended('codex__proxy_refused'), { suffered: { reason: 'network_dropped' } }],
    [
      'give running totals',
      ended('codex-app-server__429_once_then_ok'),
      { usage: { inputTokens: 1234, outputTokens: 56 }, typed: { outcome: 'finished' } },
    ],
    [
      'have a status inside the name of the error',
      { agent: 'codex', stdoutTail: lines(app({ message: 'no', codexErrorInfo: { httpConnectionFailed: { httpStatusCode: 403 } } })) },
      { httpStatus: 403 },
    ],
    [
      'name a reason',
      { agent: 'codex', stdoutTail: lines(app({ message: 'no', codexErrorInfo: 'contextWindowExceeded' })) },
      { typed: { outcome: 'failed', reason: 'context_window_exceeded' } },
    ],
    [
      'tell of a command that was declined',
      {
        agent: 'codex',
        stdoutTail: lines({ method: 'item/completed', params: { item: { type: 'commandExecution', status: 'declined', command: 'ls' } } }),
      },
      { denied: ['ls'] },
    ],
  ];
  holds(rows);

  it('that it tries again are no failure', () => {
    const { typed, suffered } = endingOf({ agent: 'codex', stdoutTail: lines(app({ message: 'Reconnecting... 1/5' }, true)) });
    expect({ typed, suffered }).toMatchObject({ typed: undefined, suffered: { words: expect.stringContaining('Reconnecting') } });
  });

  it('print a reset by the clock of the host', () => {
    const at = '2026-03-01T09:30:00+01:00';
    expect(verdictOn({ ...ended('codex-sdk__429_usage_limit'), at })).toMatchObject({
      reason: 'quota_exhausted',
      retry: 'after_check',
      resetsAt: '2026-03-01T15:11:00.000Z',
    });
  });
});

describe('the exit code of Gemini CLI', () => {
  const rows: readonly (readonly [number, string])[] = [
    [144, 'invalid_request'],
    [145, 'credential_rejected'],
    [147, 'credential_revoked'],
    [173, 'rate_limited'],
    [244, 'provider_overloaded'],
    [247, 'provider_overloaded'],
    [41, 'credential_rejected'],
    [53, 'turn_limit'],
    [130, 'cancelled'],
    [137, 'killed'],
  ];
  it.each(rows)('%i means %s', (exitCode, reason) => {
    expect(verdictOn({ agent: 'gemini', exitCode })).toMatchObject({ reason });
  });

  it('of a bad request may be about the key', () => {
    expect(verdictOn({ agent: 'gemini', exitCode: 144, stderrTail: 'API key not valid. reason: API_KEY_INVALID' }).reason).toBe(
      'credential_rejected',
    );
  });

  it('0 without a result is no end of its own', () => {
    const stdoutTail = lines({ type: 'init', session_id: 's' }, { type: 'message', role: 'assistant', content: 'I will' });
    expect(verdictOn({ agent: 'gemini', exitCode: 0, stdoutTail })).toMatchObject({ reason: 'killed', basis: 'typed' });
    expect(verdictOn({ agent: 'gemini', exitCode: 0, stdoutTail, landed: { commits: 1, dirty: 0 } }).reason).toBe('crashed_after_output');
    // The result may be the event that the tail cuts.
    expect(verdictOn({ agent: 'gemini', exitCode: 0, stdoutTail: `${stdoutTail}\n{"type":"resu` }).reason).toBe('succeeded');
  });

  it('0 at a stall leaves the provider what is the provider’s', () => {
    const stdoutTail = lines({ type: 'init', session_id: 's' }, { type: 'message', role: 'assistant', content: 'I will' });
    const stall = { agent: 'gemini', exitCode: 0, stdoutTail };
    expect(verdictOn({ ...stall, harness: { timeoutS: 75, sent: 'SIGTERM' } }).reason).toBe('provider_timeout');
    expect(verdictOn({ ...stall, endedBy: 'stall' }).reason).toBe('provider_timeout');
  });

  it('0 on the way to its answer does not turn the pauses on stderr into an end', () => {
    const { stderrTail, suffered } = endingOf(ended('gemini__429_once_then_ok'));
    expect(stderrTail).not.toContain('quota');
    expect(suffered).toBeUndefined();
  });
});

describe('the events of the others', () => {
  const rows: Rows = [
    ['opencode: a step that was broken off is tried again', ended('opencode__garbage_body'), { suffered: { reason: 'network_dropped' } }],
    [
      'opencode: what was forbidden',
      ended('opencode__permission_denied'),
      { denied: ['bash'], typed: { outcome: 'failed', reason: 'permission_needed' } },
    ],
    ['opencode: the wait that headers ask for', ended('opencode-defaults__429_no_retry_after'), { httpStatus: 429 }],
    ['opencode: silence is a question', { agent: 'opencode', signal: 'SIGKILL', stdoutTail: '' }, { awaitsModel: true }],
    ['qwen: a status in the text', ended('qwen__500'), { httpStatus: 500, typed: { outcome: 'failed' } }],
    ['pi: a status in the text, at exit 0', ended('pi__500'), { httpStatus: 500, typed: { outcome: 'failed' }, exitCode: 0 }],
    [
      'pi: the reason why it stopped',
      ended('pi__max_tokens'),
      { typed: { outcome: 'failed', reason: 'output_truncated' }, stopReason: 'length' },
    ],
    ['a library: why it stopped', ended('ai-openai__max_tokens'), { typed: { outcome: 'failed', reason: 'output_truncated' } }],
    ['a library: silence is a question', ended('ai-openai__stall_midstream'), { awaitsModel: true }],
    ['ACP: a person’s no', ended('claude-acp__permission_denied'), { denied: ['execute'], typed: { outcome: 'finished' } }],
    ['ACP: a status where the protocol has a code', ended('gemini-acp__429_quota'), { httpStatus: 429 }],
    ['ACP: a tool at work', ended('claude-acp-air__tool_hangs'), { awaitsModel: false }],
    ['ACP: the adapter’s own word for a revoked key', ended('claude-acp__403_revoked'), { httpStatus: 403 }],
    ['ACP: a hidden failure', ended('codex-acp__429_retry_after'), { typed: { outcome: 'failed' }, said: expect.stringContaining('429') }],
  ];
  holds(rows);

  it('pi: the end of an agent_end whose beginning is out of sight', () => {
    const messages = [
      { role: 'user', content: 'x'.repeat(20_000) },
      { role: 'assistant', content: [], stopReason: 'error', errorMessage: '429 "slow down"' },
    ];
    const stdoutTail = lines({ type: 'agent_end', messages }).slice(-8192);
    expect(endingOf({ agent: 'pi', exitCode: 0, stdoutTail })).toMatchObject({ httpStatus: 429, said: '429 "slow down"' });
  });

  it('silence at exit 0 is no claim', () => {
    expect(verdictOn({ agent: 'qwen', exitCode: 0, stdoutTail: '', stderrTail: '' })).toMatchObject({
      reason: 'unclassified',
      retry: false,
    });
    expect(verdictOn(ended('qwen__disk_full_stdout')).reason).toBe('crashed_after_output');
  });
});

describe('what was known before the tails were read', () => {
  it('stands', () => {
    const known: Ending = {
      agent: 'claude',
      exitCode: 1,
      httpStatus: 503,
      typed: { outcome: 'failed', reason: 'refused' },
      usage: { costUsd: 1 },
      awaitsModel: true,
      stdoutTail: lines({ type: 'result', is_error: true, api_error_status: 401, total_cost_usd: 7, session_id: 's' }),
    };
    expect(endingOf(known)).toMatchObject({ httpStatus: 503, typed: known.typed, usage: known.usage, awaitsModel: true });
  });
});
