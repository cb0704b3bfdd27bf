// The look at a task: repository, outputs, checks, bank. What a run does before it ends, and settle after every bad end.

import { join } from 'node:path';
import { sayDuration } from '../domain/duration.ts';
import { type CheckSeen, completeness, type OutputSeen, type Seen } from '../domain/output.ts';
import type { StartPoint } from '../domain/run.ts';
import { saySize } from '../domain/size.ts';
import { type Check, sayArgv, type Task } from '../domain/task.ts';
import type { Redact } from '../host/redact.ts';
import { runToEnd } from '../host/short-process.ts';
import { type RunDir, runMark } from '../host/state-dir.ts';
import { lookAtRepository } from '../host/workspace.ts';
import { probe } from '../outputs/index.ts';
import type { OutputWorker, Place } from '../outputs/output-type.ts';

const MAX_WORDS = 600;

export interface Looking {
  readonly worker: OutputWorker;
  readonly task: Task;
  readonly dir: RunDir;
  readonly env: Readonly<Record<string, string>>;
  /** The run's own word that it is finished. */
  readonly goodEnd: boolean;
  readonly redact: Redact;
  readonly signal?: AbortSignal;
}

/** Looks in the run's workspace. Checks are run only where every output of the agent is there: before that they say nothing. */
export async function lookInWorkspace({ worker, task, dir, env, goodEnd, redact, signal }: Looking): Promise<Seen> {
  const repository = task.workspace ? await lookAtRepository(dir.workspace) : undefined;
  const place: Place = {
    worker,
    task,
    workspace: dir.workspace,
    env,
    mark: runMark(dir),
    logs: dir.root,
    ...(repository?.ok ? { repository: repository.repository } : {}),
    ...(signal ? { signal } : {}),
  };
  const outputs: OutputSeen[] = [];
  for (const output of task.outputs) outputs.push(await probe(output, place));
  const seen: Seen = {
    at: new Date().toISOString(),
    outputs,
    checks: [],
    goodEnd,
    ...(repository?.ok ? { repository: repository.repository } : {}),
  };
  const isWhole = completeness({ ...task, checks: [] }, seen).kind !== 'incomplete';
  return isWhole && task.checks.length > 0 && !signal?.aborted ? { ...seen, checks: await runChecks(task.checks, place, redact) } : seen;
}

/** One after the other, in the order of the spec; the first red one ends it, because the rest would be made on sand. */
async function runChecks(checks: readonly Check[], place: Place, redact: Redact): Promise<CheckSeen[]> {
  const seen: CheckSeen[] = [];
  for (const [index, check] of checks.entries()) {
    seen.push(await runCheck(check, index, place, redact));
    if (seen.at(-1)?.state !== 'green') break;
  }
  return seen;
}

async function runCheck(
  { argv, timeoutMs }: Check,
  index: number,
  { worker: { outputBytes }, workspace = '', env, mark, logs, signal }: Place,
  redact: Redact,
): Promise<CheckSeen> {
  const check = sayArgv(argv);
  const log = join(logs, `check-${index + 1}.log`);
  const end = await runToEnd({ argv, cwd: workspace, env, mark, timeoutMs, log, outputBytes, ...(signal ? { signal } : {}) });
  if (end.exitCode === 0) return { check, state: 'green' };
  if (end.notStarted) return { check, state: 'unknown', words: `it could not be started: ${end.notStarted}` };
  if (signal?.aborted) return { check, state: 'unknown', words: 'it was cut off' };
  const flood = `it wrote more than ${saySize(outputBytes)}, and was ended`;
  const how = end.flooded ? flood : end.timedOut ? `no end within ${sayDuration(timeoutMs)}` : `exit ${end.exitCode ?? end.signal}`;
  // Before it is cut: the half of a secret is not known for one.
  const words = `${how}\n${redact.text(end.tail)}`;
  return { check, state: 'red', words: words.slice(0, 40) + lastWords(words.slice(40)) };
}

const lastWords = (text: string): string => text.slice(-(MAX_WORDS - 40));

/** Did the run add anything to what it started from? */
export function hasProgress(start: StartPoint, seen: Seen): boolean {
  const { repository } = seen;
  if (repository) return repository.dirty > 0 || repository.head !== (start.kind === 'bank' ? start.head : repository.base);
  return seen.outputs.some((output) => output.by === 'agent' && (output.state === 'present' || output.state === 'partial'));
}
