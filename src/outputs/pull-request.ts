// A pull request from the task's branch to its base. There is one for a branch: it is found by its head, or opened.

import { taskBranch } from '../domain/names.ts';
import { remoteHeads } from '../host/remote.ts';
import { placeOnForge } from './forge-access.ts';
import { asEffect, ForgeProblem, type GitHub, gitHub, type PullRequest } from './github.ts';
import { EffectRefused, type OutputOf, type OutputType, type Place, type ProbeAnswer } from './output-type.ts';

export const pullRequest: OutputType<'pull_request'> = {
  probe: async (_output, place) => {
    const { worker, task, signal } = place;
    const at = placeOnForge(worker.forge, task);
    if (!at.ok) return { state: 'unknown', evidence: at.problem };
    try {
      const found = await gitHub(worker.forge, at.repository, signal).pullRequest(taskBranch(task.id));
      return found ? sayPull(found, task.workspace?.base) : { state: 'absent', evidence: await sayBranch(place) };
    } catch (error) {
      if (!(error instanceof ForgeProblem)) throw error;
      return { state: 'unknown', evidence: error.message };
    }
  },
  make: async (output, { worker, task, signal }) => {
    const at = placeOnForge(worker.forge, task);
    if (!at.ok) throw new EffectRefused(at.problem);
    const forge = gitHub(worker.forge, at.repository, signal);
    try {
      return await findOrOpen(forge, output, taskBranch(task.id), task.workspace?.base ?? 'main', task.id);
    } catch (error) {
      throw asEffect(error);
    }
  },
};

async function findOrOpen(
  forge: GitHub,
  { title, body, draft }: OutputOf<'pull_request'>,
  branch: string,
  base: string,
  id: string,
): Promise<ProbeAnswer> {
  const there = await forge.pullRequest(branch);
  if (there) return sayPull(there, base);
  try {
    return sayPull(await forge.open({ title, body: withTask(body, id), draft, branch, base }), base);
  } catch (error) {
    // One that came about in between, or whose answer got lost, is refused as a second one.
    const now = error instanceof ForgeProblem && error.status === 422 ? await forge.pullRequest(branch) : undefined;
    if (!now) throw error;
    return sayPull(now, base);
  }
}

const withTask = (body: string, id: string): string => `${body === '' ? '' : `${body.trimEnd()}\n\n`}Outlive task: ${id}\n`;

function sayPull({ number, url, state, base }: PullRequest, wanted: string | undefined): ProbeAnswer {
  const into = wanted === undefined || base === wanted ? '' : `, into ${base} instead of ${wanted}`;
  switch (state) {
    case 'open':
      return { state: 'present', evidence: `#${number} is open${into}: ${url}` };
    case 'merged':
      return { state: 'present', evidence: `#${number} was merged${into}: ${url}` };
    case 'closed':
      return { state: 'partial', evidence: `#${number} was closed without being merged: ${url}` };
  }
}

/** Pushed without a pull request is something else than not even pushed. */
async function sayBranch({ task, signal }: Place): Promise<string> {
  const branch = taskBranch(task.id);
  const heads = await remoteHeads(task.workspace?.repo ?? '', [branch], signal);
  if (!heads.ok) return `there is no pull request from ${branch}`;
  return heads.heads.has(branch)
    ? `${branch} is at the origin, but there is no pull request from it`
    : `there is no pull request, and no branch ${branch} at the origin`;
}
