// One effect that Outlive owes. Probe first, make, and say what stands there now; an outage is thrown and tried again by
// the server, something foreign in the place is an answer for a person.

import type { FinishInput, Made } from '../domain/contract.ts';
import { taskBranch } from '../domain/names.ts';
import type { Output } from '../domain/task.ts';
import { type PushSource, pushBranch } from '../host/bank.ts';
import { repoCache } from '../host/state-dir.ts';
import { asSeen } from '../outputs/index.ts';
import type { Deps } from './deps.ts';
import { dirOfRun } from './this-task.ts';

export async function finish(deps: Deps, input: FinishInput): Promise<Made> {
  const output = input.task.outputs[input.output];
  if (output?.kind !== 'push') throw new Error(`output ${input.output + 1} is nothing that Outlive makes`);
  return push(deps, input, output);
}

async function push(deps: Deps, input: FinishInput, output: Output): Promise<Made> {
  const { task, expected } = input;
  if (!task.workspace) throw new Error('a push needs a repository');
  const branch = taskBranch(task.id);
  const pushed = await pushBranch({ ...sourceOf(deps, input), repo: task.workspace.repo, branch, expected: expected ?? 'absent' });
  switch (pushed.kind) {
    case 'pushed':
    case 'already': {
      const evidence = `${branch} at the origin is at ${pushed.head.slice(0, 10)}${pushed.kind === 'already' ? ', where it stood already' : ''}`;
      return { seen: { ...asSeen(output, { state: 'present', evidence }), madeAt: new Date().toISOString() }, made: pushed.head };
    }
    case 'foreign':
      return {
        seen: asSeen(output, {
          state: 'partial',
          evidence: `${branch} at the origin is at ${pushed.head.slice(0, 10)}, which Outlive did not put there; nothing was overwritten.`,
        }),
      };
    case 'failed':
      throw new Error(`the push of ${branch} failed: ${pushed.evidence}`);
  }
}

/** The run's own clone where it is here, else the bank. */
function sourceOf(deps: Deps, { task, n, bank }: FinishInput): PushSource {
  if (bank?.state === 'banked' && bank.at === 'origin') {
    return { gitDir: repoCache(deps.state, task.workspace?.repo ?? ''), from: bank.head, bankRef: bank.ref };
  }
  const dir = dirOfRun(deps.state, task.id, n);
  return { gitDir: `${dir.workspace}/.git`, from: 'HEAD' };
}
