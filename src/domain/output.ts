// What must exist for a task to be done, what was seen of it, and whether that is the whole work.
// A failed look is `unknown`, never `absent`; landed is not complete without a proof (DESIGN §2, §3).

import { count } from './story.ts';
import { type BuiltInKind, type Output, type OutputBy, type OutputReach, sayArgv, type Task } from './task.ts';

/** `stranded`: only a host that cannot be asked could tell. `partial`: some of it is there, or it is there and unstable. */
export type OutputState = 'present' | 'absent' | 'partial' | 'unknown' | 'stranded';

const REACH: Readonly<Record<BuiltInKind, OutputReach>> = {
  commit: 'host',
  push: 'world',
  pull_request: 'world',
  comment: 'world',
  file: 'host',
  command: 'host',
  http: 'world',
};

export const reachOf = (output: Output): OutputReach => (output.kind === 'own' ? output.reach : REACH[output.kind]);

/** What it is called in a spec, in `show` and in the ids of activities. */
export const nameOf = (output: Output): string => (output.kind === 'own' ? output.name : output.kind);

/** What a probe saw of one output. `evidence` is one sentence, at most 200 characters. */
export interface OutputSeen {
  /** As in the task's spec. */
  readonly kind: string;
  readonly by: OutputBy;
  readonly reach: OutputReach;
  readonly state: OutputState;
  readonly evidence: string;
  readonly madeAt?: string;
}

/** What was seen of one check. `words` are the last words of a red one, at most 600 characters. */
export interface CheckSeen {
  readonly check: string;
  readonly state: 'green' | 'red' | 'unknown';
  readonly words?: string;
}

/** The run's clone as settle found it. `busy` names an operation that was cut off; then the clone is not to be trusted. */
export interface RepositorySeen {
  readonly branch?: string;
  readonly head: string;
  readonly base: string;
  /** Commits since `base`. */
  readonly commits: number;
  /** Paths that are changed and not committed. */
  readonly dirty: number;
  /** What its commits change. */
  readonly diff?: DiffSize;
  readonly busy?: string;
}

export interface DiffSize {
  readonly files: number;
  readonly insertions: number;
  readonly deletions: number;
}

/** Where what a run left is kept. `nothing`: the run left nothing that the base does not have. */
export type BankSeen =
  | {
      readonly state: 'banked';
      readonly ref: string;
      readonly head: string;
      readonly wip?: string;
      readonly at: 'origin' | 'host';
      readonly host: string;
    }
  | { readonly state: 'nothing' }
  | { readonly state: 'failed'; readonly evidence: string };
export type Banked = Extract<BankSeen, { state: 'banked' }>;

/** Everything a look at a task found. `goodEnd`: the run's own word that it is finished. */
export interface Seen {
  readonly at: string;
  readonly outputs: readonly OutputSeen[];
  readonly checks: readonly CheckSeen[];
  readonly repository?: RepositorySeen;
  readonly bank?: BankSeen;
  readonly goodEnd: boolean;
}

/** What counts as a proof that landed work is the whole work (DESIGN §2). */
export type Proof = 'good_end' | 'checks' | 'outward_output' | 'conclusive';

export type Completeness =
  | { readonly kind: 'complete'; readonly proof: Proof }
  | { readonly kind: 'unproven' }
  | { readonly kind: 'incomplete'; readonly missing: readonly string[]; readonly red: readonly CheckSeen[] }
  | { readonly kind: 'unknown'; readonly unknown: readonly string[] };

/** Is the agent's share of the work there, all of it? What Outlive itself owes is not asked here. */
export function completeness(task: Pick<Task, 'outputs' | 'checks'>, seen: Seen): Completeness {
  const owed = seen.outputs.filter((output) => output.by === 'agent');
  const unknown = owed.filter((output) => output.state === 'unknown').map((output) => `${output.kind}: ${output.evidence}`);
  const unseen = task.outputs.length - seen.outputs.length;
  if (unseen > 0) unknown.push(`${count(unseen, 'output')} not looked at`);
  const missing = owed
    .filter((output) => output.state !== 'present' && output.state !== 'unknown')
    .map((output) => `${output.kind} ${output.state}: ${output.evidence}`);
  const red = seen.checks.filter((check) => check.state === 'red');
  if (missing.length > 0 || red.length > 0) return { kind: 'incomplete', missing, red };
  const unrun = seen.checks
    .filter((check) => check.state === 'unknown')
    .map((check) => `check ${check.check}: ${check.words ?? 'not run'}`);
  if (seen.checks.length < task.checks.length) unrun.push(`${count(task.checks.length - seen.checks.length, 'check')} not run`);
  if (unknown.length + unrun.length > 0) return { kind: 'unknown', unknown: [...unknown, ...unrun] };
  const proof = proofOf(task, seen, owed);
  return proof ? { kind: 'complete', proof } : { kind: 'unproven' };
}

function proofOf(task: Pick<Task, 'outputs' | 'checks'>, seen: Seen, owed: readonly OutputSeen[]): Proof | undefined {
  if (seen.goodEnd) return 'good_end';
  if (task.checks.length > 0) return 'checks';
  // The task's branch at the origin counts too: Outlive publishes finished work only.
  if (owed.some((output) => output.kind !== 'commit') || seen.outputs.some(isPublished)) return 'outward_output';
  if (task.outputs.some((output) => output.kind === 'commit' && output.conclusive)) return 'conclusive';
  return undefined;
}

const isPublished = (output: OutputSeen): boolean => output.kind === 'push' && output.state === 'present';

/** What others of them rest on is made first. */
const MADE_FIRST: readonly Output['kind'][] = ['push', 'pull_request', 'comment'];
const turnOf = ({ kind }: Output): number => (MADE_FIRST.includes(kind) ? MADE_FIRST.indexOf(kind) : MADE_FIRST.length);

/** What Outlive owes once the agent's share is there, in the order in which it is made; the number is the place in `task.outputs`. */
export function owedByOutlive(task: Pick<Task, 'outputs'>): readonly { readonly index: number; readonly output: Output }[] {
  const owed = task.outputs.map((output, index) => ({ index, output })).filter(({ output }) => output.by === 'outlive');
  return owed.sort((one, other) => turnOf(one.output) - turnOf(other.output));
}

/** What Outlive does when it makes an output. */
export function sayMaking(output: Output): string {
  switch (output.kind) {
    case 'push':
      return 'pushes the branch';
    case 'pull_request':
      return 'opens the pull request';
    case 'comment':
      return `comments on #${output.issue}`;
    default:
      return `makes ${nameOf(output)}`;
  }
}

/** How an output is called in a sentence. */
export function sayOutput(output: Output): string {
  switch (output.kind) {
    case 'commit':
      return 'a commit';
    case 'push':
      return output.by === 'outlive' ? 'the push by Outlive' : 'a pushed branch';
    case 'pull_request':
      return output.by === 'outlive' ? 'the pull request by Outlive' : 'a pull request';
    case 'comment':
      return `${output.by === 'outlive' ? 'the comment by Outlive' : 'a comment'} on #${output.issue}`;
    case 'own':
      return output.by === 'outlive' ? `the output ${output.name} by Outlive` : `the output ${output.name}`;
    case 'file':
      return `the file ${output.path}`;
    case 'command':
      return `the agreement of ${sayArgv(output.argv)}`;
    case 'http':
      return `${output.url} answering ${output.present.join(' or ')}`;
  }
}
