// What stands at the origin now.
import { git } from './git.ts';

const ASK_MS = 30_000;

export type RemoteHeads =
  | { readonly ok: true; readonly heads: ReadonlyMap<string, string> }
  | { readonly ok: false; readonly evidence: string };

/** Branch name → commit, for those of `branches` that are there. A remote that does not answer is no empty remote. */
export async function remoteHeads(repo: string, branches: readonly string[], signal?: AbortSignal): Promise<RemoteHeads> {
  const refs = await remoteRefs(
    repo,
    branches.map((branch) => `${HEADS}${branch}`),
    signal,
  );
  if (!refs.ok) return refs;
  return { ok: true, heads: new Map([...refs.heads].map(([ref, commit]) => [ref.slice(HEADS.length), commit])) };
}
const HEADS = 'refs/heads/';

/** The same by full names: ref → commit. */
export async function remoteRefs(repo: string, refs: readonly string[], signal?: AbortSignal): Promise<RemoteHeads> {
  const listed = await git(['ls-remote', repo, ...refs], { timeoutMs: ASK_MS, ...(signal ? { signal } : {}) });
  if (!listed.ok) return { ok: false, evidence: listed.summary };
  const heads = new Map<string, string>();
  for (const line of listed.stdout.split('\n')) {
    const [commit, ref] = line.split('\t');
    // A pattern also matches deeper refs that end alike; only the very ref is meant.
    if (commit && ref && refs.includes(ref)) heads.set(ref, commit);
  }
  return { ok: true, heads };
}
