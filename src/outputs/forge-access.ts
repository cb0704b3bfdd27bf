// How the forge is reached: its address, its token, and the repository that a task's work belongs to.

import type { Task } from '../domain/task.ts';

/** `token` is missing where its variable is not set. `isApiSet`: the address of the API was configured, not derived. */
export interface ForgeAccess {
  readonly host: string;
  readonly api: string;
  readonly isApiSet: boolean;
  readonly token: string | undefined;
  /** The variables that may hold the token, for messages. */
  readonly tokenFrom: readonly string[];
}

export interface ForgeRepository {
  readonly owner: string;
  readonly repo: string;
}

export type ForgePlace = { readonly ok: true; readonly repository: ForgeRepository } | { readonly ok: false; readonly problem: string };

/** Where the task's repository is on the forge, or why it cannot be asked there. */
export function placeOnForge({ host, isApiSet, token, tokenFrom }: ForgeAccess, { workspace }: Pick<Task, 'workspace'>): ForgePlace {
  if (!workspace) return { ok: false, problem: 'the task has no repository' };
  const { host: its, path } = partsOf(workspace.repo);
  const [owner, repo] = path
    .replace(/\.git\/*$/, '')
    .split('/')
    .filter(Boolean)
    .slice(-2);
  if (!owner || !repo) return { ok: false, problem: `the address ${workspace.repo} names no owner and repository` };
  if (its === undefined && !isApiSet)
    return { ok: false, problem: `the repository ${workspace.repo} is a path, on no forge; set forge.api where one knows it` };
  if (its !== undefined && its !== host)
    return { ok: false, problem: `the repository is at ${its}, and the forge at ${host}; set forge.host and forge.token in outlive.yaml` };
  if (token === undefined)
    return { ok: false, problem: `this worker has no token for ${host}: set ${tokenFrom.join(' or ')} in its environment` };
  return { ok: true, repository: { owner, repo } };
}

/** `https://host/…`, `ssh://git@host:22/…`, `git@host:owner/repo`, `file:///…` or a path. */
function partsOf(address: string): { readonly host?: string; readonly path: string } {
  const scp = /^[^/@]+@([^:/]+):(.+)$/.exec(address);
  if (scp) return { host: scp[1] ?? '', path: scp[2] ?? '' };
  if (!URL.canParse(address)) return { path: address };
  const url = new URL(address);
  return url.hostname === '' ? { path: url.pathname } : { host: url.host.replace(/:\d+$/, ''), path: url.pathname };
}
