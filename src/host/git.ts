// Git as Outlive itself uses it: no prompt, no hook, no signature, the same words in every locale, and a failure is a value.
// The host's own configuration stays in force, because credential helpers and mirrors live there.

import { join } from 'node:path';
import { execa } from 'execa';
import { endTree, processIdentity } from './process-tree.ts';

export type GitResult = { readonly ok: true; readonly stdout: string } | GitFailure;

/** `summary` is one line for people; `stderr` is what git wrote. No `exitCode`: it did not start, or a signal ended it. */
export interface GitFailure {
  readonly ok: false;
  readonly exitCode?: number;
  readonly stderr: string;
  readonly timedOut: boolean;
  readonly summary: string;
}

export interface GitOptions {
  readonly cwd?: string;
  /** Added to the worker's environment. */
  readonly env?: Readonly<Record<string, string>> | undefined;
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal | undefined;
}

const TIMEOUT_MS = 600_000;
/** Git takes its lock files with it on SIGTERM, and leaves them on SIGKILL. */
const STOP_GRACE_MS = 2000;

const SETTINGS = [
  'core.hooksPath=/dev/null',
  'core.fsmonitor=false',
  'core.safecrlf=false',
  'commit.gpgSign=false',
  'push.gpgSign=false',
  'push.followTags=false',
  'submodule.recurse=false',
  'push.recurseSubmodules=no',
  'protocol.version=2',
  // Housekeeping ends before the command does: nothing may work on in a cache whose lock has been given back.
  'gc.autoDetach=false',
  'maintenance.autoDetach=false',
  'http.lowSpeedLimit=1000',
  'http.lowSpeedTime=60',
].flatMap((setting) => ['-c', setting]);

const ALWAYS = { LC_ALL: 'C', GIT_TERMINAL_PROMPT: '0', SSH_ASKPASS_REQUIRE: 'force' };

/** They point at another repository; set where a worker is started from a git hook or alias. */
const REPOSITORY_VARIABLES = new Set(
  'GIT_DIR GIT_WORK_TREE GIT_INDEX_FILE GIT_PREFIX GIT_COMMON_DIR GIT_OBJECT_DIRECTORY GIT_ALTERNATE_OBJECT_DIRECTORIES GIT_NAMESPACE'.split(
    ' ',
  ),
);

/** Runs git to its end. Never throws; a timeout and an abort are failures like any other. */
export function git(args: readonly string[], options: GitOptions = {}): Promise<GitResult> {
  const host = Object.entries(process.env).filter(([name]) => !REPOSITORY_VARIABLES.has(name));
  return run(args, { ...Object.fromEntries(host), ...options.env, ...ALWAYS }, options);
}

/**
 * Git in a clone that an agent has had its hands on. Its configuration may name programs of the agent's making, so they see
 * nothing of the worker's environment; and nothing outside the clone is taken for it where `.git` is gone. Takes no lock
 * that is not needed: the agent may be at work there.
 */
export function gitInWorkspace(workspace: string, args: readonly string[], options: Omit<GitOptions, 'cwd'> = {}): Promise<GitResult> {
  const kept = ['PATH', 'HOME', 'TMPDIR', 'XDG_CONFIG_HOME', 'GIT_CONFIG_GLOBAL'].map((name) => [name, process.env[name]] as const);
  const place = [`--git-dir=${join(workspace, '.git')}`, `--work-tree=${workspace}`];
  const env = {
    ...Object.fromEntries(kept.filter(([, value]) => value !== undefined)),
    ...options.env,
    ...ALWAYS,
    GIT_OPTIONAL_LOCKS: '0',
  };
  return run([...place, ...args], env, { ...options, cwd: workspace });
}

async function run(args: readonly string[], env: Record<string, string | undefined>, options: GitOptions): Promise<GitResult> {
  let stopped: 'timeout' | 'abort' | undefined = options.signal?.aborted ? 'abort' : undefined;
  if (stopped) return failure(args, stopped, { stderr: '' });
  const child = execa('git', [...SETTINGS, ...args], {
    reject: false,
    extendEnv: false,
    env,
    stdin: 'ignore',
    // Its own session: no terminal on which ssh could ask for a password, and a group that can be ended as a whole.
    detached: true,
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
  });
  // All of the group, and not only git: an ssh or a helper that lives on holds the output open, and the wait would not end.
  const identity = child.pid === undefined ? undefined : processIdentity(child.pid);
  const stop = (why: 'timeout' | 'abort') => {
    stopped ??= why;
    void endTree({ pid: identity?.pid, pidStartTime: identity?.startTime, mark: '', graceMs: STOP_GRACE_MS });
  };
  const timer = setTimeout(() => stop('timeout'), options.timeoutMs ?? TIMEOUT_MS);
  const onAbort = () => stop('abort');
  options.signal?.addEventListener('abort', onAbort, { once: true });
  const done = await child;
  clearTimeout(timer);
  options.signal?.removeEventListener('abort', onAbort);
  if (!done.failed) return { ok: true, stdout: done.stdout };
  return failure(args, stopped, { ...done, stderr: done.stderr || (done.exitCode === undefined ? (done.originalMessage ?? '') : '') });
}

interface BadEnd {
  readonly exitCode?: number | undefined;
  readonly signal?: string | undefined;
  readonly stdout?: string;
  readonly stderr: string;
}

function failure(args: readonly string[], stopped: 'timeout' | 'abort' | undefined, end: BadEnd): GitFailure {
  const verb = args.find((arg) => !arg.startsWith('-')) ?? '';
  return {
    ok: false,
    ...(end.exitCode === undefined ? {} : { exitCode: end.exitCode }),
    stderr: end.stderr,
    timedOut: stopped === 'timeout',
    // A push with --porcelain says on stdout why it was refused.
    summary: `git ${verb} ${sayEnd(stopped, end)}${sayWords(`${end.stderr}\n${end.stdout ?? ''}`)}`,
  };
}

function sayEnd(stopped: 'timeout' | 'abort' | undefined, { exitCode, signal }: BadEnd): string {
  if (stopped === 'timeout') return 'gave no answer in time and was ended';
  if (stopped === 'abort') return 'was stopped, because it was no longer wanted';
  if (signal) return `was ended by ${signal}`;
  return exitCode === undefined ? 'could not be started' : `failed with exit code ${exitCode}`;
}

/** Where git's verdict stands, best first; the last line is often only advice, and a refused push ends with an empty phrase. */
const VERDICTS = [/^remote: (error|fatal)/i, /^!\s/, /^(fatal|error)/i, /./];

function sayWords(written: string): string {
  const lines = written.split('\n').map((line) => line.trim());
  const words = VERDICTS.map((verdict) => lines.find((line) => verdict.test(line))).find((line) => line !== undefined);
  return words ? `: ${words.replaceAll('\t', ' ').slice(0, 160)}` : '';
}

/** Git's failure, for callers that cannot go on without its success. */
export class GitError extends Error {
  override readonly name = 'GitError';
  readonly failure: GitFailure;

  constructor(failure: GitFailure) {
    super(failure.summary);
    this.failure = failure;
  }

  get summary(): string {
    return this.failure.summary;
  }

  get stderr(): string {
    return this.failure.stderr;
  }
}

/** The output of git, or a GitError. */
export async function gitOrThrow(args: readonly string[], options: GitOptions = {}): Promise<string> {
  const result = await git(args, options);
  if (!result.ok) throw new GitError(result);
  return result.stdout;
}
