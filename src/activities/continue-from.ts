// What an earlier task left, for the task that continues it: asked of that task itself, and where it is forgotten or says
// nothing, of the origin. A look that failed is not the same as nothing there, and nothing is started on it.

import { WorkflowNotFoundError } from '@temporalio/client';
import type { TaskStatus } from '../domain/contract.ts';
import { STATUS_QUERY, taskBranch, taskWorkflowId, wipRef } from '../domain/names.ts';
import type { Banked } from '../domain/output.ts';
import type { StartPoint } from '../domain/run.ts';
import { cut } from '../domain/story.ts';
import type { Task } from '../domain/task.ts';
import { type BankedRun, lookAtBank } from '../host/bank.ts';
import { gitOrThrow } from '../host/git.ts';
import { remoteHeads, remoteRefs } from '../host/remote.ts';
import { fetchIntoCache, withRepoCache } from '../host/repo-cache.ts';
import { repoCache } from '../host/state-dir.ts';
import type { Deps } from './deps.ts';

const ASK_MS = 20_000;

/** Where the first run starts, and what it is told. `open`: the earlier task goes on by itself, and is not to be continued. */
export type Continued = { readonly kind: 'closed'; readonly start: StartPoint; readonly note: string } | { readonly kind: 'open' };

/** Throws where it cannot be known what is there: whoever asks tries again. */
export async function continueFrom(deps: Deps, task: Pick<Task, 'workspace'>, earlier: string): Promise<Continued> {
  const asked = await askEarlier(deps, earlier);
  if (asked.kind === 'open') return asked;
  const left = task.workspace && (await whatIsLeft(deps, task.workspace.repo, earlier, asked));
  return { kind: 'closed', ...(left ? startFrom(left, earlier, asked) : { start: { kind: 'base' }, note: sayNothing(earlier, asked) }) };
}

type Asked =
  | { readonly kind: 'open' }
  | { readonly kind: 'told'; readonly status: TaskStatus }
  /** The server has forgotten it. */
  | { readonly kind: 'gone' }
  | { readonly kind: 'silent'; readonly why: string };

async function askEarlier({ client }: Deps, earlier: string): Promise<Asked> {
  const handle = client.workflow.getHandle(taskWorkflowId(earlier));
  const within = <T>(call: () => Promise<T>) => client.withDeadline(Date.now() + ASK_MS, call);
  try {
    const { status } = await within(() => handle.describe());
    if (status.name === 'RUNNING') return { kind: 'open' };
    return { kind: 'told', status: await within(() => handle.query<TaskStatus>(STATUS_QUERY)) };
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return { kind: 'gone' };
    return { kind: 'silent', why: (error as Error).message };
  }
}

type Left = Omit<Banked, 'state'>;
type Found = { readonly ok: true; readonly left?: Left } | { readonly ok: false; readonly evidence: string };

async function whatIsLeft(deps: Deps, repo: string, earlier: string, asked: Asked): Promise<Left | undefined> {
  const named = asked.kind === 'told' ? asked.status.bank : undefined;
  const there = named && (await stillThere(repo, named));
  if (there) return there;
  const found = await newestAtOrigin(deps, repo, earlier);
  if (found.ok && found.left) return found.left;
  const unknown = asked.kind === 'silent' ? asked.why : asked.kind === 'gone' && !found.ok ? found.evidence : undefined;
  if (unknown === undefined) return undefined;
  throw new Error(
    `What ${earlier} left could not be looked up, so nothing is started yet: ${unknown}. It is tried again; without \`continues\` the task would start from its base.`,
  );
}

/** Banks are dropped in time. Where the origin does not answer from here, the task's word stands: the run's host asks it again. */
async function stillThere(repo: string, { state: _, wip, ...bank }: Banked): Promise<Left | undefined> {
  const withWip = (sha: string | undefined) => (wip && sha ? { wip: sha } : {});
  if (bank.at === 'host') return { ...bank, ...withWip(wip) };
  const refs = await remoteRefs(repo, [bank.ref, wipRef(bank.ref)]);
  if (!refs.ok) return { ...bank, ...withWip(wip) };
  const head = refs.heads.get(bank.ref);
  return head === undefined ? undefined : { ...bank, head, ...withWip(refs.heads.get(wipRef(bank.ref))) };
}

async function newestAtOrigin(deps: Deps, repo: string, earlier: string): Promise<Found> {
  const bank = await lookAtBank({ repo, taskId: earlier });
  if (!bank.ok) return bank;
  const newest = await newestOf(deps, repo, bank.refs);
  if (newest) {
    const { ref, head, wip } = newest;
    return { ok: true, left: { ref, head, at: 'origin', host: '', ...(wip ? { wip } : {}) } };
  }
  const branch = taskBranch(earlier);
  const heads = await remoteHeads(repo, [branch]);
  if (!heads.ok) return heads;
  const head = heads.heads.get(branch);
  return { ok: true, ...(head ? { left: { ref: `refs/heads/${branch}`, head, at: 'origin', host: '' } } : {}) };
}

/** The highest number; where the task was begun more than once, its numbers were too, and the date of the commit tells. */
async function newestOf(deps: Deps, repo: string, refs: readonly BankedRun[]): Promise<BankedRun | undefined> {
  const lives = new Map<string, BankedRun>();
  for (const run of refs) {
    const life = run.ref.split('-').at(-1) ?? '';
    if (!lives.has(life)) lives.set(life, run);
  }
  const lasts = [...lives.values()];
  if (lasts.length < 2) return lasts[0];
  const dates = await datesOf(repoCache(deps.state, repo), repo, lasts);
  return lasts.toSorted((one, other) => (dates.get(other.head) ?? 0) - (dates.get(one.head) ?? 0))[0];
}

async function datesOf(cache: string, repo: string, runs: readonly BankedRun[]): Promise<ReadonlyMap<string, number>> {
  return withRepoCache(cache, async () => {
    const fetched = await fetchIntoCache(
      cache,
      repo,
      runs.map(({ ref }) => `+${ref}:${ref}`),
    );
    if (!fetched.ok) throw new Error(`the banked commits could not be fetched: ${fetched.summary}`);
    const dateOf = async ({ head }: BankedRun) =>
      [head, Number(await gitOrThrow([`--git-dir=${cache}`, 'show', '--no-patch', '--format=%ct', head]))] as const;
    return new Map(await Promise.all(runs.map(dateOf)));
  });
}

function startFrom(left: Left, earlier: string, asked: Asked): { readonly start: StartPoint; readonly note: string } {
  const what = `commit ${left.head.slice(0, 10)}${left.wip ? ', and uncommitted work in the work tree' : ''}`;
  const note = `${sayContinues(earlier, asked)} What its runs left is here already: ${what}. Verify it first, then do only the rest.`;
  return { start: { kind: 'bank', ...left }, note };
}

const sayNothing = (earlier: string, asked: Asked): string =>
  `${sayContinues(earlier, asked)} Nothing that its runs did is kept, so this one starts anew.`;

function sayContinues(earlier: string, asked: Asked): string {
  const result = asked.kind === 'told' ? asked.status.result : undefined;
  const end = result ? `, which ended as ${result.state} (${cut(result.because.replace(/\s+/g, ' '), 300)})` : '';
  return `This task continues the task ${earlier}${end}.`;
}
