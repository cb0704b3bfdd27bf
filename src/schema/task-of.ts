// A spec that passed the border, with every default filled in.

import { posix } from 'node:path';
import { parseDuration } from '../domain/duration.ts';
import {
  type BuiltInOutputSpec,
  DEFAULT_CHECK_TIMEOUT_MS,
  DEFAULT_LIMITS,
  DEFAULT_PROBE_TIMEOUT_MS,
  type Limits,
  type LimitsSpec,
  type Output,
  type OutputSpec,
  type OwnOutputSpec,
  type Task,
  type TaskSpec,
} from '../domain/task.ts';
import { abbreviate } from './complaints.ts';
import type { RegisteredOutputs } from './registered.ts';
import { BUILT_IN_KINDS } from './task-schema.ts';

const LONGEST_TITLE = 80;

/** Only for specs that were checked: a duration that cannot be read would count as its default. */
export function taskOf(spec: TaskSpec, own: RegisteredOutputs = {}): Task {
  return {
    id: spec.id,
    title: spec.title ?? firstLine(spec.prompt),
    owner: spec.owner ?? 'nobody',
    agent: typeof spec.agent === 'string' ? { use: spec.agent } : spec.agent,
    prompt: spec.prompt,
    ...(spec.workspace && { workspace: { repo: spec.workspace.repo, base: spec.workspace.base ?? 'main' } }),
    ...(spec.continues !== undefined && { continues: spec.continues }),
    outputs: spec.outputs.map((output) => (isBuiltIn(output) ? outputOf(output) : ownOutputOf(output, own[output.kind]))),
    checks: (spec.checks ?? []).map(({ argv, timeout }) => ({ argv, timeoutMs: ms(timeout, DEFAULT_CHECK_TIMEOUT_MS) })),
    ...(spec.approve !== undefined && { approve: spec.approve }),
    limits: limitsOf(spec.limits ?? {}),
    ...(isSplittable(spec) ? {} : { split: 'never' }),
    bank: spec.bank ?? (spec.workspace ? 'origin' : 'host'),
    pool: spec.pool ?? 'default',
    ...(spec.credentials && { credentials: spec.credentials }),
    env: spec.env ?? {},
  };
}

/** To plan, a program has to understand its prompt; of one of the user's own that is said in the spec. */
function isSplittable({ split, agent }: TaskSpec): boolean {
  const { use } = typeof agent === 'string' ? { use: agent } : agent;
  return split === undefined ? use !== 'command' && use !== 'module' : split === 'auto';
}

const isBuiltIn = (output: OutputSpec): output is BuiltInOutputSpec => BUILT_IN_KINDS.some((kind) => kind === output.kind);

function ownOutputOf({ kind, by, options = {} }: OwnOutputSpec, type: RegisteredOutputs[string] | undefined): Output {
  return { kind: 'own', name: kind, by: by ?? (type?.make ? 'outlive' : 'agent'), reach: type?.reach ?? 'world', options };
}

function outputOf(output: BuiltInOutputSpec): Output {
  switch (output.kind) {
    case 'commit':
      return { kind: 'commit', by: 'agent', conclusive: output.conclusive ?? false };
    case 'push':
      return { kind: 'push', by: output.by ?? 'outlive' };
    case 'pull_request': {
      const { kind, title, body = '', draft = false, by = 'outlive' } = output;
      return { kind, by, title, body, draft };
    }
    case 'comment': {
      const { kind, issue, body, by = 'outlive' } = output;
      return { kind, by, issue, body };
    }
    case 'file':
      return { kind: 'file', by: 'agent', path: posix.normalize(output.path) };
    case 'http':
      return { kind: 'http', by: 'agent', url: output.url, present: output.present ?? [200], absent: output.absent ?? [404] };
    case 'command':
      return { kind: 'command', by: 'agent', argv: output.argv, timeoutMs: ms(output.timeout, DEFAULT_PROBE_TIMEOUT_MS) };
  }
}

function limitsOf({ run = {}, ...whole }: LimitsSpec): Limits {
  const wallMs = ms(run.wall, DEFAULT_LIMITS.run.wallMs);
  return {
    runs: whole.runs ?? DEFAULT_LIMITS.runs,
    perReason: whole.perReason ?? DEFAULT_LIMITS.perReason,
    wallMs: ms(whole.wall, DEFAULT_LIMITS.wallMs),
    ...(whole.costUsd !== undefined && { costUsd: whole.costUsd }),
    run: {
      wallMs,
      // A run of five minutes is over before a stall of ten could show: its default follows the run's.
      stallMs: ms(run.stall, Math.min(DEFAULT_LIMITS.run.stallMs, wallMs)),
      ...(run.turns !== undefined && { turns: run.turns }),
      ...(run.costUsd !== undefined && { costUsd: run.costUsd }),
    },
  };
}

const ms = (duration: string | undefined, byDefault: number): number =>
  (duration === undefined ? undefined : parseDuration(duration)) ?? byDefault;

function firstLine(prompt: string): string {
  const line = prompt.split(/\r?\n/).find((candidate) => candidate.trim() !== '') ?? '';
  return abbreviate(line.replace(/\p{Cc}+/gu, ' ').trim(), LONGEST_TITLE);
}
