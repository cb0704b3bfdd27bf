// GitHub's API, as far as outputs need it: pull requests by their head, comments by a marker. A call either answers or
// throws a ForgeProblem that says whether another try may mend it.

import { Octokit } from '@octokit/rest';
import { sayError } from '../domain/say-error.ts';
import type { ForgeAccess, ForgeRepository } from './forge-access.ts';
import { EffectDelayed, EffectRefused } from './output-type.ts';

const CALL_MS = 15_000;
const PAGE = 100;

export interface PullRequest {
  readonly number: number;
  readonly url: string;
  readonly state: 'open' | 'merged' | 'closed';
  readonly base: string;
  readonly head: string;
}

export interface Comment {
  readonly url: string;
}

/** `refused`: no try will mend it. `waitMs`: how long the forge itself asks to wait. */
export class ForgeProblem extends Error {
  override readonly name = 'ForgeProblem';
  readonly refused: boolean;
  readonly waitMs: number | undefined;
  readonly status: number | undefined;
  constructor(message: string, of: { readonly refused?: boolean; readonly waitMs?: number | undefined; readonly status?: number } = {}) {
    super(message);
    this.refused = of.refused ?? false;
    this.waitMs = of.waitMs;
    this.status = of.status;
  }
}

/** The problem as an effect has it: it is delayed, refused for good, or tried again. */
export function asEffect(error: unknown): unknown {
  if (!(error instanceof ForgeProblem)) return error;
  if (error.waitMs !== undefined) return new EffectDelayed(error.message, error.waitMs);
  return error.refused ? new EffectRefused(error.message) : error;
}

export interface GitHub {
  /** The one that tells most of the work on this branch: an open one, else a merged one, else a closed one. */
  pullRequest(branch: string): Promise<PullRequest | undefined>;
  open(pull: {
    readonly title: string;
    readonly body: string;
    readonly draft: boolean;
    readonly branch: string;
    readonly base: string;
  }): Promise<PullRequest>;
  /** The first comment with these words in it, whoever wrote it. */
  comment(issue: number, words: string): Promise<Comment | undefined>;
  say(issue: number, body: string): Promise<Comment>;
}

export function gitHub({ api, token, host }: ForgeAccess, at: ForgeRepository, signal?: AbortSignal): GitHub {
  const octokit = new Octokit({ baseUrl: api, ...(token === undefined ? {} : { auth: token }), log: SILENT, userAgent: 'outlive' });
  const call = async <T>(what: string, ask: (request: { signal: AbortSignal }) => Promise<T>): Promise<T> => {
    const late = AbortSignal.timeout(CALL_MS);
    try {
      return await ask({ signal: signal ? AbortSignal.any([signal, late]) : late });
    } catch (error) {
      throw problemOf(error, `${host} could not ${what} in ${at.owner}/${at.repo}`);
    }
  };
  return {
    pullRequest: (branch) =>
      call('look for the pull request', async (request) => {
        const head = `${at.owner}:${branch}`;
        const { data } = await octokit.rest.pulls.list({
          ...at,
          head,
          state: 'all',
          sort: 'created',
          direction: 'desc',
          per_page: PAGE,
          request,
        });
        // A forge that does not know the filter gives all of them.
        const ours = data.filter((pull) => pull.head.ref === branch).map(pullRequestOf);
        return ours.find(({ state }) => state === 'open') ?? ours.find(({ state }) => state === 'merged') ?? ours[0];
      }),
    open: ({ title, body, draft, branch, base }) =>
      call('open the pull request', async (request) => {
        const { data } = await octokit.rest.pulls.create({ ...at, title, body, draft, head: branch, base, request });
        return pullRequestOf(data);
      }),
    comment: async (issue, words) => {
      // Each page has its own patience: an old issue may have thousands.
      for (let page = 1; ; page += 1) {
        const { data } = await call(`read the comments of #${issue}`, (request) =>
          octokit.rest.issues.listComments({ ...at, issue_number: issue, per_page: PAGE, page, request }),
        );
        const found = data.find(({ body }) => body?.includes(words));
        if (found) return { url: found.html_url };
        if (data.length < PAGE) return undefined;
      }
    },
    say: (issue, body) =>
      call(`comment on #${issue}`, async (request) => {
        const { data } = await octokit.rest.issues.createComment({ ...at, issue_number: issue, body, request });
        return { url: data.html_url };
      }),
  };
}

/** Whatever goes wrong is in the error, and whoever calls says it. */
const SILENT = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

interface AnyPull {
  readonly number: number;
  readonly html_url: string;
  readonly state: string;
  readonly merged_at?: string | null;
  readonly base: { readonly ref: string };
  readonly head: { readonly sha: string };
}

const pullRequestOf = ({ number, html_url: url, state, merged_at: mergedAt, base, head }: AnyPull): PullRequest => ({
  number,
  url,
  state: mergedAt ? 'merged' : state === 'open' ? 'open' : 'closed',
  base: base.ref,
  head: head.sha,
});

interface Answered {
  readonly status: number;
  readonly message: string;
  readonly response?: { readonly headers: Readonly<Record<string, string | number | undefined>> };
}

/** GitHub says 403 or 429 for too many requests, and with them how long to wait. */
function problemOf(error: unknown, what: string): ForgeProblem {
  if (!isAnswered(error)) return new ForgeProblem(`${what}: ${sayCause(error)}`);
  const { status } = error;
  const said = `${what}: ${status} ${error.message.slice(0, 160)}`;
  const waitMs = statedWaitMs(error);
  if ((status === 403 || status === 429) && waitMs !== undefined) return new ForgeProblem(`${said}; it asks to wait`, { waitMs, status });
  if (status === 401)
    return new ForgeProblem(`${said}; the token is not accepted: put another one into the worker's environment`, { refused: true, status });
  if (status === 403) return new ForgeProblem(`${said}; the token may not do this: give it the right to`, { refused: true, status });
  if (status === 404)
    return new ForgeProblem(
      `${said}; there is no such thing, or the token may not see it: check the repository, the number and the token's rights`,
      { refused: true, status },
    );
  if (status === 410 || status === 422) return new ForgeProblem(`${said}; it was refused as it is`, { refused: true, status });
  return new ForgeProblem(said, { status });
}

function statedWaitMs({ response }: Answered): number | undefined {
  const headers = response?.headers ?? {};
  const after = Number(headers['retry-after']);
  if (Number.isFinite(after) && after > 0) return after * 1000;
  const reset = Number(headers['x-ratelimit-reset']);
  if (String(headers['x-ratelimit-remaining']) !== '0' || !Number.isFinite(reset)) return undefined;
  return Math.max(1000, reset * 1000 - Date.now());
}

/** Octokit says 500 for an answer that never came. */
const isAnswered = (error: unknown): error is Answered =>
  error instanceof Error && typeof (error as Partial<Answered>).status === 'number' && (error as Partial<Answered>).response !== undefined;

/** `fetch failed` says nothing; its cause does. */
function sayCause(error: unknown): string {
  const { cause } = error as Error;
  return cause instanceof Error ? sayCause(cause) : sayError(error);
}
