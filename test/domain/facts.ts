// Facts as settle makes them, for the tests of what is decided on them: a task with a commit, one check, and runs that
// end a minute after they start. Each test names only what its case is about.

import type { Facts } from '../../src/domain/decision.ts';
import { type Failure, REASONS, type Reason } from '../../src/domain/failure.ts';
import type { CheckSeen, OutputSeen, OutputState, RepositorySeen, Seen } from '../../src/domain/output.ts';
import type { RunRecord } from '../../src/domain/run.ts';
import { DEFAULT_LIMITS, type Limits, type OutputKind, type Task } from '../../src/domain/task.ts';

export const START_MS = Date.parse('2025-06-01T00:00:00.000Z');
export const RUN_MS = 60_000;
const EVERY_MS = 3_600_000;

export const at = (ms: number): string => new Date(ms).toISOString();
/** When run n ends. */
export const endOf = (n: number): number => START_MS + (n - 1) * EVERY_MS + RUN_MS;

export function taskOf(over: Partial<Task> = {}): Task {
  return {
    id: 'fix-login',
    title: 'Fix the login',
    owner: 'web-team',
    agent: { use: 'command', argv: ['node', 'fix.mjs'] },
    prompt: 'Fix the login redirect.',
    workspace: { repo: 'https://git.example/shop.git', base: 'main' },
    outputs: [{ kind: 'commit', by: 'agent', conclusive: false }],
    checks: [{ argv: ['npm', 'test'], timeoutMs: 600_000 }],
    limits: DEFAULT_LIMITS,
    bank: 'origin',
    pool: 'default',
    env: {},
    ...over,
  };
}

export const limitsOf = (over: Partial<Limits>): Limits => ({ ...DEFAULT_LIMITS, ...over });

const EVIDENCE: Readonly<Partial<Record<Reason, Failure['evidence']>>> = {
  rate_limited: [{ where: 'http_status', value: '429' }],
  out_of_memory: [{ where: 'host.oom_kill', value: '1 more than before' }],
  killed: [{ where: 'exit.signal', value: 'SIGKILL' }],
  tool_missing: [{ where: 'exit.not_started', value: 'ENOENT: spawn claude ENOENT' }],
  output_rejected: [{ where: 'check.red', value: 'npm test: exit 1\n2 failing' }],
  cancelled: [{ where: 'ended_by', value: 'cancel' }],
};

export function failureOf(reason: Reason, over: Partial<Failure> = {}): Failure {
  return {
    class: REASONS[reason].class,
    reason,
    basis: 'typed',
    rule: 'result_reason',
    evidence: EVIDENCE[reason] ?? [{ where: 'result.reason', value: reason }],
    progress: false,
    ...over,
  };
}

export function runOf(n: number, failure: Failure, over: Partial<RunRecord> = {}): RunRecord {
  return {
    n,
    host: 'h1',
    agent: 'command',
    startedAt: at(endOf(n) - RUN_MS),
    endedAt: at(endOf(n)),
    outcome: 'failed',
    entered: true,
    failure,
    ...over,
  };
}

const SAID: Readonly<Record<OutputState, string>> = {
  present: 'it is there',
  absent: 'it is not there',
  partial: 'a part of it is there',
  unknown: 'the origin could not be asked',
  stranded: 'only the host of the run can see it, and it does not answer',
};

export function outputSeen(kind: OutputKind, state: OutputState, over: Partial<OutputSeen> = {}): OutputSeen {
  return { kind, by: 'agent', reach: kind === 'push' ? 'world' : 'host', state, evidence: SAID[state], ...over };
}

export const check = (state: CheckSeen['state'], words?: string): CheckSeen => ({
  check: 'npm test',
  state,
  ...(words === undefined ? {} : { words }),
});

export const clone = (over: Partial<RepositorySeen> = {}): RepositorySeen => ({
  branch: 'outlive/fix-login',
  head: 'abcdef1234567890',
  base: '0123456789abcdef',
  commits: 0,
  dirty: 0,
  ...over,
});

export const banked = {
  state: 'banked',
  ref: 'refs/outlive/fix-login/run-1-0a1b2c3d',
  head: 'abcdef1234567890',
  at: 'origin',
  host: 'h1',
} as const;

/** Nothing is there, and everything could be looked at. */
export function seenOf(over: Partial<Seen> = {}): Seen {
  return {
    at: at(endOf(1)),
    outputs: [outputSeen('commit', 'absent')],
    checks: [],
    repository: clone(),
    bank: { state: 'nothing' },
    goodEnd: false,
    ...over,
  };
}

/** A commit is there and banked; what its check says is left to the test. */
export const committed = (checks: readonly CheckSeen[] = []): Seen =>
  seenOf({ outputs: [outputSeen('commit', 'present')], repository: clone({ commits: 1 }), bank: banked, checks });

/** One run has ended as `reason`, its host was looked at a moment later, and another host takes runs too. */
export function factsOf(reason: Reason, over: Partial<Facts> = {}): Facts {
  const runs = over.runs ?? [runOf(1, over.failure ?? failureOf(reason))];
  const last = runs.at(-1) as RunRecord;
  return {
    v: 1,
    now: last.endedAt ?? at(endOf(1)),
    task: taskOf(),
    n: last.n,
    look: 1,
    failure: last.failure ?? failureOf(reason),
    seen: seenOf(),
    granted: 0,
    over: true,
    leaseMs: 300_000,
    backoffMs: 30_000,
    holdMs: 60_000,
    hosts: ['h1', 'h2', 'h3'],
    ...over,
    runs,
  };
}

/** Every run so far ended as `reason`, one after the other on `hosts`. */
export function sameAgain(reason: Reason, hosts: readonly string[], over: Partial<Failure> = {}): RunRecord[] {
  return hosts.map((host, index) => runOf(index + 1, failureOf(reason, over), { host }));
}
