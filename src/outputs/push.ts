// The task's branch at the origin. Everybody can see it, so this probe needs no workspace.
import { taskBranch } from '../domain/names.ts';
import { remoteHeads } from '../host/remote.ts';
import type { Probe } from './probe.ts';

export const probePush: Probe<'push'> = async (_output, { task, repository, signal }) => {
  const { workspace } = task;
  if (!workspace) return { state: 'absent', evidence: 'the task has no repository' };
  const branch = taskBranch(task.id);
  const heads = await remoteHeads(workspace.repo, [branch, workspace.base], signal);
  if (!heads.ok) return { state: 'unknown', evidence: `the origin could not be asked: ${heads.evidence}` };
  const there = heads.heads.get(branch);
  if (there === undefined) return { state: 'absent', evidence: `the origin has no branch ${branch}` };
  if (there === heads.heads.get(workspace.base)) return { state: 'absent', evidence: `${branch} at the origin stands at its base` };
  if (repository && repository.head !== there) {
    return {
      state: 'partial',
      evidence: `${branch} at the origin is at ${there.slice(0, 10)}, the run's head is ${repository.head.slice(0, 10)}`,
    };
  }
  return { state: 'present', evidence: `${branch} at the origin is at ${there.slice(0, 10)}` };
};
