// The task's branch at the origin. Everybody can see it, so this probe needs no workspace.

import { taskBranch } from '../domain/names.ts';
import { pushBranch } from '../host/bank.ts';
import { mergedAs } from '../host/merged.ts';
import { remoteHeads } from '../host/remote.ts';
import { repoCache } from '../host/state-dir.ts';
import type { MadeAnswer, Making, OutputType, Place, ProbeAnswer } from './output-type.ts';

export const push: OutputType<'push'> = {
  probe: async (_output, place) => {
    const { task, repository, signal } = place;
    const { workspace } = task;
    if (!workspace) return { state: 'absent', evidence: 'the task has no repository' };
    const branch = taskBranch(task.id);
    const heads = await remoteHeads(workspace.repo, [branch, workspace.base], signal);
    if (!heads.ok) return { state: 'unknown', evidence: `the origin could not be asked: ${heads.evidence}` };
    const there = heads.heads.get(branch);
    const isElsewhere = there !== undefined && repository !== undefined && repository.head !== there;
    if (there === undefined || isElsewhere) {
      const merged = await sayMerged(place);
      if (merged) return merged;
    }
    if (there === undefined) return { state: 'absent', evidence: `the origin has no branch ${branch}` };
    if (there === heads.heads.get(workspace.base)) return { state: 'absent', evidence: `${branch} at the origin stands at its base` };
    if (isElsewhere) {
      return {
        state: 'partial',
        evidence: `${branch} at the origin is at ${there.slice(0, 10)}, the run's head is ${repository.head.slice(0, 10)}`,
      };
    }
    return { state: 'present', evidence: `${branch} at the origin is at ${there.slice(0, 10)}` };
  },
  make: async (_output, making) => {
    const { task, source, expected = 'absent' } = making;
    if (!task.workspace) throw new Error('a push needs a repository');
    const branch = taskBranch(task.id);
    const pushed = await pushBranch({ ...source, repo: task.workspace.repo, branch, expected });
    switch (pushed.kind) {
      case 'pushed':
      case 'already': {
        const evidence = `${branch} at the origin is at ${pushed.head.slice(0, 10)}${pushed.kind === 'already' ? ', where it stood already' : ''}`;
        return { state: 'present', evidence, head: pushed.head };
      }
      case 'foreign':
        return (await sayMerged(making)) ?? foreign(branch, pushed.head);
      case 'failed':
        throw new Error(`the push of ${branch} failed: ${pushed.evidence}`);
    }
  },
};

function foreign(branch: string, head: string): MadeAnswer {
  const stands = head === 'absent' ? `${branch} is no longer at the origin` : `${branch} at the origin is at ${head.slice(0, 10)}`;
  return { state: 'partial', evidence: `${stands}, which Outlive did not put there; nothing was overwritten.` };
}

/** A branch that was merged may be gone, or go on from there: its work is in the base all the same. */
async function sayMerged({ worker, task, repository, kept, signal }: Place | Making): Promise<ProbeAnswer | undefined> {
  const { workspace } = task;
  const head = repository && repository.commits > 0 ? repository.head : kept?.head;
  if (!workspace || head === undefined) return undefined;
  const { repo, base } = workspace;
  const how = await mergedAs({
    cache: repoCache(worker.state, repo),
    repo,
    base,
    head,
    signal,
    ...(kept?.head === head ? { ref: kept.ref } : {}),
  });
  return (
    how && {
      state: 'present',
      evidence: `${head.slice(0, 10)} is in ${base} already, by ${how === 'merge' ? 'a merge' : `a ${how} merge`}`,
    }
  );
}
