// Runs on this host that no activity answers for: their worker died, or the server gave them up. Each is looked after until
// somebody has been told of its end: it is offered back to its task, ended where nobody wants it any more, or its late
// result is sent as evidence. Where the server cannot be asked, the lease decides.

import { ApplicationFailure } from '@temporalio/activity';
import { ActivityNotFoundError, type WorkflowExecutionDescription, WorkflowNotFoundError } from '@temporalio/client';
import { type LateResult, type LeftRun, RUN_ORPHANED } from '../domain/contract.ts';
import { LATE_RESULT, runOfActivityId } from '../domain/names.ts';
import type { RunInput } from '../domain/run.ts';
import { bankRun } from '../host/bank.ts';
import { readJson } from '../host/durable-file.ts';
import { type Journal, readJournal, writeJournal } from '../host/journal.ts';
import { endRun, recallRun } from '../host/recall.ts';
import { listRunDirs, type RunDir } from '../host/state-dir.ts';
import { lookAtEnd } from './conclude.ts';
import type { HostDeps } from './deps.ts';
import { sleepUnless } from './sleep-unless.ts';

const CALL_MS = 5000;

export interface Orphans {
  /** Sees to one run until it is told of. */
  see(dir: RunDir): void;
  /** Resolves once none is being seen to. */
  stop(): Promise<void>;
}

/** What became of an orphan at one look. */
type Fate = 'waits' | 'taken_up' | 'over';

export function createOrphans(deps: HostDeps, everyMs: number): Orphans {
  const stopping = new AbortController();
  const seen = new Map<string, Promise<void>>();
  const seeTo = async (dir: RunDir) => {
    const orphan: Orphan = { dir, offered: undefined, unwanted: 0 };
    for (;;) {
      const fate = deps.claims.holds(dir.root) ? 'taken_up' : await lookAt(deps, orphan, stopping.signal).catch(failed(deps, dir));
      // Whoever took it up again has its seat now, and gives it back.
      if (fate === 'taken_up') return;
      if (fate === 'over') return deps.seats.release(dir.root);
      await sleepUnless(everyMs, stopping.signal);
      if (stopping.signal.aborted) return;
    }
  };
  return {
    see: (dir) => {
      if (seen.has(dir.root) || stopping.signal.aborted) return;
      seen.set(
        dir.root,
        seeTo(dir).finally(() => seen.delete(dir.root)),
      );
    },
    stop: async () => {
      stopping.abort();
      await Promise.all(seen.values());
    },
  };
}

/** Before the first poll: living runs take their seats, and everything that nobody was told of is seen to. */
export async function findOrphans(deps: HostDeps): Promise<readonly RunDir[]> {
  const found: RunDir[] = [];
  for (const dir of await listRunDirs(deps.state)) {
    const read = await readJournal(dir);
    if (read.kind === 'missing' || (read.kind === 'known' && read.journal.reported)) continue;
    const recalled = await recallRun(dir);
    if (recalled.kind === 'living') deps.seats.occupy(dir.root);
    // One that cannot be read has been ended; its task learns of it when it asks this host.
    if (read.kind === 'known') found.push(dir);
    else
      deps.log.warn(
        { run: dir.root, evidence: read.kind === 'corrupt' ? read.evidence : '' },
        'a run with a journal that cannot be relied on',
      );
  }
  return found;
}

interface Orphan {
  readonly dir: RunDir;
  /** The task token that it was offered back with: once for each owner. */
  offered: string | undefined;
  /** How often in a row its task was seen not to wait for it. */
  unwanted: number;
}

async function lookAt(deps: HostDeps, orphan: Orphan, stopping: AbortSignal): Promise<Fate> {
  const { dir } = orphan;
  const recalled = await recallRun(dir);
  if (recalled.kind === 'unknown' || !recalled.journal) return 'over';
  const { journal } = recalled;
  if (journal.reported) return 'over';
  const { owned, prepared } = journal;
  if (owned && orphan.offered !== owned.taskToken) {
    const isHeard = await offerBack(deps, journal, owned.taskToken);
    orphan.offered = owned.taskToken;
    if (isHeard) return 'waits';
  }
  const task = await describe(deps, prepared.workflowId, prepared.workflowRunId);
  if (task?.status.name !== 'RUNNING') return keep(deps, dir, journal);
  const awaited = runsAwaited(task);
  const isAwaited = awaited.includes(prepared.n);
  orphan.unwanted = isAwaited ? 0 : orphan.unwanted + 1;
  if (isAwaited) return 'waits';
  if (awaited.some((n) => n > prepared.n) && recalled.kind === 'living') await endRun(dir, 'lease');
  // The task may just be about to ask for it.
  return recalled.kind === 'ended' && orphan.unwanted > 1 ? tellLate(deps, dir, journal, stopping) : 'waits';
}

const failed =
  (deps: HostDeps, dir: RunDir) =>
  (error: unknown): Fate => {
    deps.log.warn({ run: dir.root, error: String(error) }, 'an orphaned run could not be seen to; tried again');
    return 'waits';
  };

/** By the task token that was written down before the agent began; void once another activity answers for the run. */
async function offerBack(deps: HostDeps, { prepared }: Journal, taskToken: string): Promise<boolean> {
  const left: LeftRun = { host: deps.host, n: prepared.n, stateId: deps.stateId };
  const failure = ApplicationFailure.create({
    type: RUN_ORPHANED,
    message: `the worker of run ${prepared.n} on ${deps.host} died; the run goes on, or its end is on record there`,
    nonRetryable: true,
    details: [left],
  });
  try {
    await deps.client.withDeadline(Date.now() + CALL_MS, () => deps.client.activity.fail(Buffer.from(taskToken, 'base64'), failure));
    deps.log.info({ task: prepared.taskId, run: prepared.n }, 'orphaned run offered back to its task');
    return true;
  } catch (error) {
    if (error instanceof ActivityNotFoundError) return false;
    throw error;
  }
}

async function describe(deps: HostDeps, workflowId: string, runId: string): Promise<WorkflowExecutionDescription | undefined> {
  try {
    return await deps.client.withDeadline(Date.now() + CALL_MS, () => deps.client.workflow.getHandle(workflowId, runId).describe());
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return undefined;
    throw error;
  }
}

/** Numbers of the runs that the task waits for now. */
function runsAwaited({ raw }: WorkflowExecutionDescription): number[] {
  return (raw.pendingActivities ?? []).flatMap(({ activityId }) => runOfActivityId(activityId ?? '') ?? []);
}

/** Its task is closed: nobody needs the agent, and what it made is kept. */
async function keep(deps: HostDeps, dir: RunDir, { prepared }: Journal): Promise<Fate> {
  await endRun(dir, 'cancel');
  const input = await inputOf(deps, dir);
  const banked = input
    ? await bankRun({ dir, task: input.task, workflowRunId: prepared.workflowRunId, n: prepared.n, host: deps.host })
    : undefined;
  deps.log.info({ task: prepared.taskId, run: prepared.n, banked }, 'the task of an orphaned run is closed; what it left is kept');
  if (banked?.state === 'failed') return 'waits';
  await writeJournal(dir, { kind: 'reported', how: 'kept' });
  return 'over';
}

/** Its task has given it up: what it came to is told all the same, as evidence. */
async function tellLate(deps: HostDeps, dir: RunDir, { prepared, exit, entered }: Journal, stopping: AbortSignal): Promise<Fate> {
  const input = await inputOf(deps, dir);
  if (input && exit) {
    const ended = { exit, entered: entered !== undefined, startedAt: prepared.at };
    const { report, facts } = await lookAtEnd(deps, input, dir, ended, prepared.workflowRunId, stopping);
    // A look that was cut off says nothing.
    if (stopping.aborted) return 'waits';
    const late: LateResult = { n: prepared.n, facts, ...(report.kind === 'failed' ? { failure: report.failure } : {}) };
    await deps.client.withDeadline(Date.now() + CALL_MS, () =>
      deps.client.workflow.getHandle(prepared.workflowId, prepared.workflowRunId).signal(LATE_RESULT, late),
    );
  }
  await writeJournal(dir, { kind: 'reported', how: 'refused' });
  return 'over';
}

async function inputOf(deps: HostDeps, dir: RunDir): Promise<RunInput | undefined> {
  return (await readJson(dir.input).catch((error) => {
    deps.log.warn({ run: dir.root, error: String(error) }, 'what the run was asked to do cannot be read');
    return undefined;
  })) as RunInput | undefined;
}
