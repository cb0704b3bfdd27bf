// The first recorded step of every task: the border once more, for clients that skip the CLI, and a look at the world,
// so that work which is already there is never done again.

import { ApplicationFailure } from '@temporalio/activity';
import type { Begun } from '../domain/contract.ts';
import { failureType } from '../domain/failure.ts';
import { taskBranch } from '../domain/names.ts';
import { type OutputSeen, reachOf } from '../domain/output.ts';
import type { StartPoint } from '../domain/run.ts';
import type { Output, Task, TaskSpec } from '../domain/task.ts';
import { remoteHeads } from '../host/remote.ts';
import { asSeen, probe } from '../outputs/index.ts';
import type { ProbeAnswer } from '../outputs/output-type.ts';
import { sayComplaint } from '../schema/complaints.ts';
import { checkTaskSpec } from '../schema/task-spec.ts';
import { continueFrom } from './continue-from.ts';
import type { Deps } from './deps.ts';
import { outputWorker } from './output-worker.ts';

export async function begin(deps: Deps, spec: TaskSpec): Promise<Begun> {
  const checked = checkTaskSpec(spec, deps);
  if (!checked.ok) throw invalid(checked.complaints.map((complaint) => sayComplaint(complaint)));
  const { task } = checked;
  const there = await branchAtOrigin(task);
  const { start, notes } = await beginningOf(deps, task, there);
  return {
    v: 1,
    task,
    timing: deps.config.timing,
    searchAttributes: deps.searchAttributes,
    seen: { at: new Date().toISOString(), outputs: await seenAtBegin(deps, task, there), checks: [], goodEnd: false },
    start,
    ...(notes.length > 0 ? { notes } : {}),
    ...attentionOf(deps),
  };
}

/** Without a channel and without somebody else to ask, questions need no timers. */
function attentionOf({ config, channels }: Deps): Pick<Begun, 'attention'> {
  const { fallback } = config.owners;
  return channels.length > 0 || fallback !== undefined ? { attention: { channels: channels.length, ...config.owners } } : {};
}

function invalid(lines: readonly string[]): ApplicationFailure {
  return ApplicationFailure.create({
    type: failureType('invalid_request'),
    message: `The task's spec is not valid, nothing was started:\n${lines.join('\n')}`,
    nonRetryable: true,
    details: [lines],
  });
}

type Branch =
  | { readonly kind: 'none' }
  | { readonly kind: 'there'; readonly name: string; readonly head: string }
  | { readonly kind: 'unknown'; readonly evidence: string };

async function branchAtOrigin({ id, workspace }: Task): Promise<Branch> {
  if (!workspace) return { kind: 'none' };
  const name = taskBranch(id);
  const heads = await remoteHeads(workspace.repo, [name, workspace.base]);
  if (!heads.ok) return { kind: 'unknown', evidence: heads.evidence };
  const head = heads.heads.get(name);
  return head === undefined || head === heads.heads.get(workspace.base) ? { kind: 'none' } : { kind: 'there', name, head };
}

/** What the world can see is looked at as it is; commits are told by the task's own branch, and by what became of its pull request. */
async function seenAtBegin(deps: Deps, task: Task, branch: Branch): Promise<OutputSeen[]> {
  const place = { worker: outputWorker(deps), task, env: {}, mark: '', logs: '' };
  const looked = await Promise.all(
    task.outputs.map((output) => (isInBranch(output) || reachOf(output) === 'host' ? undefined : probe(output, place))),
  );
  const merged = looked.find((seen) => seen?.kind === 'pull_request' && seen.state === 'present' && branch.kind === 'none');
  return task.outputs.map((output, index) => looked[index] ?? asSeen(output, toldByBranch(output, branch, merged)));
}

const isInBranch = ({ kind }: Output): boolean => kind === 'commit' || kind === 'push';

/** `merged`: the pull request of a branch that is gone. */
function toldByBranch(output: Output, branch: Branch, merged: OutputSeen | undefined): ProbeAnswer {
  if (merged && isInBranch(output)) return { state: 'present', evidence: `its branch is gone, and its pull request ${merged.evidence}` };
  switch (branch.kind) {
    case 'none':
      return { state: 'absent', evidence: 'no run has worked on it yet' };
    case 'unknown':
      return { state: 'unknown', evidence: `the origin could not be asked: ${branch.evidence}` };
    case 'there':
      return isInBranch(output)
        ? { state: 'present', evidence: `${branch.name} at the origin is at ${branch.head.slice(0, 10)}` }
        : { state: 'unknown', evidence: "only a run's workspace can show it" };
  }
}

interface Beginning {
  readonly start: StartPoint;
  readonly notes: readonly string[];
}

/** Earlier work on the task's own branch is continued, not done again beside it; else that of the task it continues. */
async function beginningOf(deps: Deps, task: Task, branch: Branch): Promise<Beginning> {
  if (branch.kind === 'there') {
    const note = `The branch of this task already exists with earlier work (${branch.head.slice(0, 10)}). Verify it first, then do only the rest.`;
    return { start: { kind: 'bank', ref: `refs/heads/${branch.name}`, head: branch.head, at: 'origin', host: '' }, notes: [note] };
  }
  if (task.continues === undefined) return { start: { kind: 'base' }, notes: [] };
  const continued = await continueFrom(deps, task, task.continues);
  if (continued.kind === 'closed') return { start: continued.start, notes: [continued.note] };
  throw invalid([`continues: the task "${task.continues}" is still open; expected one that is closed: answer it or stop it first`]);
}
