import { describe, expect, it } from 'vitest';
import type { ActivityTrace } from '../../src/cli/activity-traces.ts';
import { statusFrom } from '../../src/cli/status-from-history.ts';
import { DONE, KILLED } from './a-task.ts';

const SPEC = {
  id: 'fix-login',
  title: 'Fix the login redirect',
  owner: 'web-team',
  agent: { use: 'command', argv: ['node', 'fix.mjs'] },
  prompt: 'Fix it.',
  outputs: [{ kind: 'file', path: 'report.md' }],
};
const WORKFLOW = { workflowId: 'task/fix-login' };
const SEEN = [{ kind: 'file', by: 'agent', reach: 'host', state: 'absent', evidence: 'no report.md' }];
const FACTS = {
  host: 'host-a',
  entered: true,
  startedAt: KILLED.startedAt,
  endedAt: KILLED.endedAt,
  usage: KILLED.usage,
  seen: { outputs: SEEN },
};

const OFFERED: ActivityTrace = { id: 'run-1', scheduledAt: '2026-03-01T09:59:59.000Z' };
const KILLED_RUN: ActivityTrace = {
  ...OFFERED,
  startedAt: KILLED.startedAt,
  identity: 'host-a/4711/0.1.0',
  endedAt: '2026-03-01T10:12:01.000Z',
  end: { kind: 'failed', type: 'host.killed', message: 'killed', details: [KILLED.failure, FACTS] },
};
const settled = (decision: object): ActivityTrace => ({
  id: 'settle-1',
  scheduledAt: '2026-03-01T10:12:01.000Z',
  endedAt: '2026-03-01T10:12:02.000Z',
  end: { kind: 'completed', result: { v: 1, failure: KILLED.failure, seen: { outputs: SEEN }, decision } },
});

const status = (...activities: ActivityTrace[]) => statusFrom({ input: SPEC, activities }, WORKFLOW);

describe('a status read from the history', () => {
  it('knows a run that was offered, before anything else happened', () => {
    expect(status(OFFERED)).toEqual({
      id: 'fix-login',
      title: 'Fix the login redirect',
      owner: 'web-team',
      state: 'running',
      unchecked: true,
      runs: [{ n: 1, agent: 'command', startedAt: OFFERED.scheduledAt }],
      outputs: [],
      answers: [],
      refused: [],
    });
  });

  it('tells a failed run as the task itself would: failure, host, usage, decision and wait', () => {
    const { runs, outputs, state, hold } = status(KILLED_RUN, settled({ ...KILLED.decision, v: 1 }));
    expect(runs).toEqual([KILLED]);
    expect(outputs).toEqual(SEEN);
    expect({ state, hold }).toEqual({
      state: 'held',
      hold: {
        for: 'time',
        since: '2026-03-01T10:12:02.000Z',
        until: '2026-03-01T10:12:07.000Z',
        owner: 'web-team',
        because: KILLED.decision?.because,
      },
    });
  });

  it('knows that a person was asked', () => {
    const ask = { text: 'Killed twice. Go on?', evidence: [], choices: ['retry'] };
    const { state, hold } = status(KILLED_RUN, settled({ v: 1, kind: 'ask', because: 'killed twice', ask }));
    expect(state).toBe('asking');
    expect(hold).toEqual({ for: 'question', since: '2026-03-01T10:12:02.000Z', owner: 'web-team', because: ask.text });
  });

  it('counts no offer that a host declined', () => {
    const declined: ActivityTrace = { ...KILLED_RUN, end: { kind: 'failed', type: 'run.declined', message: 'full', details: [] } };
    expect(status(declined, OFFERED).runs).toEqual([{ n: 1, agent: 'command', startedAt: OFFERED.scheduledAt }]);
  });

  it('calls a run lost whose host fell silent', () => {
    const [run] = status({ ...KILLED_RUN, end: { kind: 'timed_out' } }).runs;
    expect(run).toMatchObject({ n: 1, host: 'host-a', outcome: 'lost', endedAt: '2026-03-01T10:12:01.000Z' });
  });

  it('shows what finish has made in the place of what was missing', () => {
    const made = { ...SEEN[0], state: 'present', evidence: 'there now' };
    const finish: ActivityTrace = {
      id: 'finish-1-file',
      scheduledAt: OFFERED.scheduledAt,
      end: { kind: 'completed', result: { seen: made } },
    };
    expect(status(KILLED_RUN, finish)).toMatchObject({ outputs: [made], state: 'finishing' });
  });

  it('knows where the work is kept: that of a run, else what the task began with', () => {
    const left = { ref: 'refs/outlive/old/run-2-0198c0de', head: 'aa', at: 'origin', host: 'host-b' } as const;
    const begun: ActivityTrace = {
      id: 'begin',
      scheduledAt: OFFERED.scheduledAt,
      end: { kind: 'completed', result: { seen: { outputs: SEEN }, start: { kind: 'bank', ...left } } },
    };
    const bank = { state: 'banked', ...left, ref: 'refs/outlive/fix-login/run-1-0198c0de', head: 'bb' };
    const ended = { ...KILLED_RUN.end, details: [KILLED.failure, { ...FACTS, seen: { outputs: SEEN, bank } }] } as ActivityTrace['end'];
    expect(status(begun).bank).toEqual({ state: 'banked', ...left });
    expect(status(begun, { ...KILLED_RUN, ...(ended && { end: ended }) }).bank).toEqual(bank);
    expect(status(KILLED_RUN)).not.toHaveProperty('bank');
  });

  it('takes the end of a closed task from its close event', () => {
    const { result } = DONE;
    const end = { state: 'done', because: 'every output is present', ...(result && { result }) } as const;
    expect(statusFrom({ input: SPEC, activities: [] }, { ...WORKFLOW, end })).toMatchObject({ state: 'done', result });
  });

  it('stands an input that is no spec', () => {
    expect(statusFrom({ input: null, activities: [] }, WORKFLOW)).toMatchObject({
      id: 'fix-login',
      title: 'fix-login',
      owner: '',
      runs: [],
    });
  });
});
