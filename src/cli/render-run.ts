// One run as text: who ran it and when, how it ended and on what ground, what was decided because of that.

import type { DecisionStatus, RunStatus } from '../domain/contract.ts';
import { sayCredential } from '../domain/credential.ts';
import { afterLife } from '../domain/details.ts';
import { sayDuration } from '../domain/duration.ts';
import type { Failure } from '../domain/failure.ts';
import type { Usage } from '../domain/run.ts';
import type { Ink } from './ink.ts';
import { plain, sayTime } from './layout.ts';
import type { Look } from './render.ts';

/** `queued`: no host has taken it yet. */
export function renderRun(run: RunStatus, look: Look, queued = false): string {
  return [
    `  ${look.ink.bold(String(run.n))}  ${queued ? `${run.agent}, offered ${sayTime(run.startedAt)}: no host has taken it yet` : firstLine(run, look)}`,
    ...afterwards(run, look).map((line) => `     ${line}`),
  ].join('\n');
}

function firstLine(run: RunStatus, { ink, now }: Look): string {
  const host = run.host === undefined ? '' : ` on ${plain(run.host)}`;
  const end = run.endedAt === undefined ? now : Date.parse(run.endedAt);
  const took = sayDuration(Math.max(0, end - Date.parse(run.startedAt)));
  const version = run.agentVersion === undefined ? '' : ` ${plain(run.agentVersion)}`;
  return `${run.agent}${version}${host}, ${sayTime(run.startedAt)}, ${run.endedAt === undefined ? `for ${took} now` : `${took}`}: ${sayOutcome(run, ink)}`;
}

function sayOutcome(run: RunStatus, ink: Ink): string {
  if (run.outcome === undefined) return 'under way';
  if (run.outcome === 'finished') return ink.green('finished');
  const failure = run.failure && ` ${run.failure.class}.${run.failure.reason}`;
  return `${ink.red(run.outcome)}${failure ?? ''}`;
}

function afterwards(run: RunStatus, { ink }: Look): readonly string[] {
  const { failure, decision, usage } = run;
  return [
    ...(run.credentials ? [ink.dim(`let in with ${run.credentials.map(sayCredential).join(', ')}`)] : []),
    ...(run.plans ? [ink.dim('plans the work in steps')] : []),
    ...(run.step === undefined ? [] : [ink.dim(`step ${run.step} of the plan`)]),
    ...(run.enriched ? [ink.dim('a new conversation, with a hand-off from the one before')] : []),
    ...(run.resumes ? [ink.dim(saySession(run.resumes, run.host))] : []),
    ...afterLife(run).map((line) => ink.dim(line)),
    ...(failure ? sayFailure(failure, ink) : []),
    ...(decision ? sayDecision(decision, ink) : []),
    ...(usage ? [ink.dim(sayUsage(usage))] : []),
  ];
}

function sayFailure(failure: Failure, ink: Ink): readonly string[] {
  const progress = failure.progress ? ', with progress' : '';
  return [
    ink.dim(`known by ${BASIS[failure.basis]}${progress}`),
    ...failure.evidence.map(({ where, value }) => `${plain(where)}: ${plain(value)}`),
  ];
}

const BASIS: Readonly<Record<Failure['basis'], string>> = {
  supervisor: 'what the supervisor did',
  outputs: 'its outputs',
  typed: "the agent's own reason",
  http_status: 'an HTTP status',
  exit_code: 'its exit code',
  text: 'its last words',
  none: 'nothing: no ground was found',
};

/** The ledgers and what would have changed it in one sentence; older versions did not say them. */
function sayDecision({ kind, because, afterMs, used, otherwise }: DecisionStatus, ink: Ink): readonly string[] {
  const wait = afterMs === undefined || afterMs === 0 ? '' : ` after ${sayDuration(afterMs)}`;
  const ledgers = used === undefined ? undefined : `Used: ${plain(used)}.`;
  const change = otherwise === undefined ? undefined : `What would change it: ${plain(otherwise)}.`;
  const more = [ledgers, change].filter((part) => part !== undefined).join(' ');
  return [`→ ${ink.bold(kind)}${wait}: ${plain(because)}`, ...(more === '' ? [] : [`  ${ink.dim(more)}`])];
}

function saySession({ id, host }: NonNullable<RunStatus['resumes']>, on: string | undefined): string {
  if (on === host) return `goes on with the session ${plain(id)}`;
  return on === undefined
    ? `goes on with the session ${plain(id)} on ${plain(host)}, or begins afresh`
    : `began afresh: its session is on ${plain(host)}`;
}

function sayUsage({ inputTokens, outputTokens, costUsd, turns, incomplete }: Usage): string {
  return [
    inputTokens === undefined ? undefined : `${inputTokens} tokens in`,
    outputTokens === undefined ? undefined : `${outputTokens} tokens out`,
    costUsd === undefined ? undefined : `${costUsd.toFixed(2)} USD`,
    turns === undefined ? undefined : `${turns} ${turns === 1 ? 'turn' : 'turns'}`,
    incomplete ? 'as far as it was seen' : undefined,
  ]
    .filter((part) => part !== undefined)
    .join(', ');
}
