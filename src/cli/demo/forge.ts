// A small forge for the demo and the tests: it plays the part of GitHub's API that Outlive uses, over real HTTP on this
// machine, keeps what was made, and counts it. It knows nothing of git: branches are looked up by `hasBranch`.

import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Pull {
  readonly number: number;
  readonly title: string;
  readonly body: string;
  readonly draft: boolean;
  readonly head: string;
  readonly base: string;
  state: 'open' | 'closed';
  merged: boolean;
}

export interface IssueComment {
  readonly id: number;
  readonly issue: number;
  body: string;
}

/** A request as it stands before it is answered: `POST /repos/acme/shop/pulls`. */
export interface ForgeRequest {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly token: string | undefined;
  /** Of the forge, as the request has it. */
  readonly host: string;
}

/** Instead of the forge's own answer. */
export interface ForgeAnswer {
  readonly status: number;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface ForgeHooks {
  /** Before anything is made; what it gives back is answered instead, and nothing is made. */
  before?(request: ForgeRequest): Promise<ForgeAnswer | undefined> | ForgeAnswer | undefined;
  /** Once it is made, and before it is answered. */
  after?(request: ForgeRequest): Promise<void> | void;
}

export interface Forge {
  readonly api: string;
  readonly pulls: Pull[];
  readonly comments: IssueComment[];
  /** May be changed at any time. */
  hooks: ForgeHooks;
  stop(): Promise<void>;
}

interface ForgeSettings {
  /** `owner/name` of the one repository that it knows. */
  readonly repository: string;
  /** Any other is answered 401. */
  readonly token: string;
  hasBranch(name: string): Promise<boolean>;
}

export async function startForge(settings: ForgeSettings): Promise<Forge> {
  const forge: Omit<Forge, 'api' | 'stop'> = { pulls: [], comments: [], hooks: {} };
  const server = createServer((request, response) => {
    void respond(settings, forge, request, response).catch(() => response.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return Object.assign(forge, { api: `http://127.0.0.1:${port}`, stop: () => stop(server) });
}

async function stop(server: Server): Promise<void> {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
}

type State = Pick<Forge, 'pulls' | 'comments' | 'hooks'>;

async function respond(settings: ForgeSettings, forge: State, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = new URL(request.url ?? '/', 'http://forge');
  const token = /^(?:token|bearer) (.+)$/i.exec(request.headers.authorization ?? '')?.[1];
  const asked: ForgeRequest = {
    method: request.method ?? 'GET',
    path: url.pathname,
    query: url.searchParams,
    token,
    host: request.headers.host ?? '',
  };
  const body = await bodyOf(request);
  const instead = await forge.hooks.before?.(asked);
  const answer = instead ?? (await answerTo(settings, forge, asked, body));
  if (!instead) await forge.hooks.after?.(asked);
  response.writeHead(answer.status, { 'content-type': 'application/json; charset=utf-8', ...answer.headers });
  response.end(JSON.stringify(answer.body ?? { message: 'as told' }));
}

async function bodyOf(request: IncomingMessage): Promise<Record<string, unknown>> {
  let text = '';
  for await (const chunk of request) text += String(chunk);
  return text === '' ? {} : (JSON.parse(text) as Record<string, unknown>);
}

async function answerTo(settings: ForgeSettings, forge: State, asked: ForgeRequest, body: Record<string, unknown>): Promise<ForgeAnswer> {
  if (asked.token !== settings.token) return { status: 401, body: { message: 'Bad credentials' } };
  const [, repository, rest = ''] = /^\/repos\/([^/]+\/[^/]+)(\/.*)?$/.exec(asked.path) ?? [];
  if (repository !== settings.repository) return NOT_FOUND;
  const [, issue] = /^\/issues\/(\d+)\/comments$/.exec(rest) ?? [];
  const route = `${asked.method} ${issue === undefined ? rest : 'comments'}`;
  switch (route) {
    case 'GET /pulls':
      return page(
        forge.pulls.filter((pull) => isAskedFor(pull, asked.query)).map((pull) => pullAsJson(settings, pull)),
        asked,
      );
    case 'POST /pulls':
      return openPull(settings, forge, body);
    case 'GET comments':
      return page(forge.comments.filter((one) => one.issue === Number(issue)).map(commentAsJson), asked);
    case 'POST comments':
      return say(forge, Number(issue), body);
    default:
      return NOT_FOUND;
  }
}

const NOT_FOUND: ForgeAnswer = { status: 404, body: { message: 'Not Found' } };

function isAskedFor({ head, state }: Pull, query: URLSearchParams): boolean {
  const wanted = query.get('head')?.replace(/^[^:]*:/, '');
  const states = query.get('state') ?? 'open';
  return (wanted === undefined || wanted === head) && (states === 'all' || states === state);
}

/** Newest first, as it is asked for. */
function page(all: readonly unknown[], { query, path, host }: ForgeRequest): ForgeAnswer {
  const size = Number(query.get('per_page') ?? 30);
  const number = Number(query.get('page') ?? 1);
  const ordered = query.get('direction') === 'desc' ? [...all].reverse() : all;
  const shown = ordered.slice((number - 1) * size, number * size);
  const isLast = number * size >= all.length;
  const next = `<http://${host}${path}?per_page=${size}&page=${number + 1}>; rel="next"`;
  return { status: 200, body: shown, ...(isLast ? {} : { headers: { link: next } }) };
}

async function openPull(settings: ForgeSettings, { pulls, comments }: State, body: Record<string, unknown>): Promise<ForgeAnswer> {
  const [head, base] = [String(body['head']), String(body['base'])];
  if (!(await settings.hasBranch(head))) return refused('Validation Failed: head is invalid');
  if (pulls.some((pull) => pull.head === head && pull.state === 'open')) return refused(`A pull request already exists for ${head}.`);
  const pull: Pull = {
    number: pulls.length + comments.length + 101,
    title: String(body['title']),
    body: String(body['body'] ?? ''),
    draft: body['draft'] === true,
    head,
    base,
    state: 'open',
    merged: false,
  };
  pulls.push(pull);
  return { status: 201, body: pullAsJson(settings, pull) };
}

const refused = (message: string): ForgeAnswer => ({ status: 422, body: { message } });

function say({ comments }: State, issue: number, body: Record<string, unknown>): ForgeAnswer {
  const comment: IssueComment = { id: comments.length + 1, issue, body: String(body['body']) };
  comments.push(comment);
  return { status: 201, body: commentAsJson(comment) };
}

const pullAsJson = ({ repository }: ForgeSettings, { number, title, body, draft, head, base, state, merged }: Pull): unknown => ({
  number,
  title,
  body,
  draft,
  state,
  merged_at: merged ? new Date().toISOString() : null,
  html_url: `http://forge/${repository}/pull/${number}`,
  head: { ref: head, sha: '0'.repeat(40) },
  base: { ref: base },
});

const commentAsJson = ({ id, issue, body }: IssueComment): unknown => ({
  id,
  body,
  html_url: `http://forge/issues/${issue}#comment-${id}`,
});
