// A commit: at least one on the task's branch since its base, in a clean tree. With or without the trailer: hooks can be skipped.
import { taskBranch } from '../domain/names.ts';
import { count } from '../domain/story.ts';
import { type Probe, STRANDED } from './output-type.ts';

export const probeCommit: Probe<'commit'> = async (_output, { task, workspace, repository }) => {
  if (workspace === undefined) return STRANDED;
  if (!repository) return { state: 'unknown', evidence: 'the clone of the run cannot be read' };
  const { branch, head, commits, dirty, busy } = repository;
  const commit = `${count(commits, 'commit')} since the base, head ${head.slice(0, 10)}`;
  if (busy) return { state: 'partial', evidence: `${commit}, but a ${busy} was cut off in the middle` };
  if (dirty > 0) return { state: 'partial', evidence: `${commit}, and ${count(dirty, 'changed file')} not committed` };
  if (commits === 0) return { state: 'absent', evidence: 'no commit since the base' };
  if (branch !== taskBranch(task.id)) {
    return { state: 'partial', evidence: `${commit}, but on ${branch ?? 'a detached head'} instead of ${taskBranch(task.id)}` };
  }
  return { state: 'present', evidence: commit };
};
