// A task in the middle of its life, as its status query tells it. Tests change what they are about.

import type { RunStatus, TaskStatus } from '../../src/domain/contract.ts';

export const NOW = Date.parse('2026-03-01T12:00:00.000Z');

export const RUNNING: TaskStatus = {
  id: 'fix-login',
  title: 'Fix the login redirect',
  state: 'running',
  owner: 'web-team',
  runs: [{ n: 1, agent: 'command', startedAt: '2026-03-01T11:58:00.000Z' }],
  outputs: [],
  answers: [],
  refused: [],
};

export const KILLED: RunStatus = {
  n: 1,
  host: 'host-a',
  agent: 'command',
  startedAt: '2026-03-01T10:00:00.000Z',
  endedAt: '2026-03-01T10:12:00.000Z',
  outcome: 'failed',
  failure: {
    class: 'host',
    reason: 'killed',
    basis: 'supervisor',
    rule: 'signal',
    evidence: [{ where: 'exit.signal', value: 'SIGKILL' }],
    progress: true,
  },
  decision: { kind: 'retry', because: 'killed once, by nobody known: another host may do better', afterMs: 5000 },
  usage: { inputTokens: 1200, costUsd: 0.5 },
};

export const ASKING: TaskStatus = {
  ...RUNNING,
  state: 'asking',
  unchecked: true,
  runs: [KILLED, { ...KILLED, n: 2, host: 'host-b', decision: { kind: 'ask', because: 'killed on two hosts: the task is suspect' } }],
  outputs: [
    { kind: 'commit', by: 'agent', reach: 'host', state: 'present', evidence: '1 commit, 4f2a9c1' },
    { kind: 'push', by: 'outlive', reach: 'world', state: 'absent', evidence: 'no branch outlive/fix-login at the origin' },
  ],
  question: {
    id: 'q2',
    text: 'The run was killed on two hosts. Is the task too large for them?',
    evidence: [{ where: 'exit.signal', value: 'SIGKILL' }],
    choices: ['retry', 'finish', 'close'],
    owner: 'web-team',
    askedAt: '2026-03-01T11:30:00.000Z',
    needsChange: true,
  },
  answers: [{ question: 'q1', choice: 'retry', note: 'use the staging key', by: 'ana', at: '2026-03-01T11:00:00.000Z' }],
  refused: ['2026-03-01T11:01:00.000Z "maybe" is no choice here'],
};

export const DONE: TaskStatus = {
  ...RUNNING,
  state: 'done',
  runs: [{ n: 1, host: 'host-a', agent: 'command', startedAt: KILLED.startedAt, endedAt: '2026-03-01T10:12:00.000Z', outcome: 'finished' }],
  outputs: [{ kind: 'file', by: 'agent', reach: 'host', state: 'present', evidence: 'report.md', madeAt: '2026-03-01T10:11:00.000Z' }],
  result: {
    id: 'fix-login',
    state: 'done',
    because: 'every output is present, every check green',
    runs: 2,
    reasons: { 'host.killed': 1 },
    waitedMs: 180_000,
    outputs: [],
  },
};
