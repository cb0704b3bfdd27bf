// The tasks of a soak: some steps of real git work each, in three kinds.

import { fileURLToPath } from 'node:url';
import type { TaskSpec } from '../../src/domain/task.ts';

/** `dies`: every run that finishes the work is killed before its exit; its checks prove that nothing is missing. */
type WorkKind = 'plain' | 'checked' | 'dies';
const SHARES: readonly (readonly [WorkKind, number])[] = [
  ['plain', 0.5],
  ['checked', 0.3],
  ['dies', 0.2],
];

export interface Work {
  readonly id: string;
  readonly kind: WorkKind;
  readonly steps: number;
  readonly spec: TaskSpec;
}

export interface Places {
  readonly repo: string;
  /** Takes what the agents put on record. */
  readonly record: string;
}

const agent = fileURLToPath(new URL('./agent.mjs', import.meta.url));

/** The file that the agent makes. */
export const STEPS_FILE = 'steps';
export const expectedSteps = (steps: number): string => Array.from({ length: steps }, (_, step) => `step ${step + 1}\n`).join('');

export function workOf(n: number, random: () => number, { repo, record }: Places): Work {
  const id = `soak-${n}`;
  const kind = kindOf(random());
  const steps = 3 + Math.floor(random() * 4);
  const stepMs = 400 + Math.floor(random() * 1000);
  const spec: TaskSpec = {
    id,
    prompt: `Make ${steps} steps.`,
    agent: {
      use: 'command',
      argv: [process.execPath, agent, record, String(steps), String(stepMs), ...(kind === 'dies' ? ['dies'] : [])],
    },
    workspace: { repo },
    outputs: [{ kind: 'commit' }, { kind: 'push' }],
    ...(kind === 'plain' ? {} : { checks: [{ argv: ['sh', '-c', `test "$(sort -u ${STEPS_FILE} | wc -l)" -eq ${steps}`] }] }),
  };
  return { id, kind, steps, spec };
}

function kindOf(random: number): WorkKind {
  let left = random;
  for (const [kind, share] of SHARES) {
    left -= share;
    if (left < 0) return kind;
  }
  return 'plain';
}
