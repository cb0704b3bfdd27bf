// One run, from a free seat to its end: a workspace, the agent under its supervisor, and the look at what it left. A run
// that is known on this host already is taken up, never started (an operator's pause and unpause starts activities anew).

import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { activityInfo } from '@temporalio/activity';
import type { Ending } from '../domain/ending.ts';
import type { RunInput, RunReport } from '../domain/run.ts';
import { replaceFile } from '../host/durable-file.ts';
import { followRun, type LivingRun } from '../host/follow.ts';
import { incarnation } from '../host/incarnation.ts';
import { writeJournal } from '../host/journal.ts';
import { writeLease } from '../host/lease.ts';
import { runMark } from '../host/state-dir.ts';
import type { Supervisor } from '../host/supervisors.ts';
import { prepareWorkspace, WorkspaceError } from '../host/workspace.ts';
import { type Attended, answerForRun, type Ended, followToEnd, ownership, recallToEnd, watched } from './attend.ts';
import { decline } from './decline.ts';
import type { HostDeps } from './deps.ts';
import { endEarlierExecutions } from './earlier-executions.ts';
import { RunTaken } from './heartbeats.ts';
import { heldBack } from './held-back.ts';
import { prepareLaunch, sessionHere } from './launch.ts';
import { promptFor } from './prompt.ts';
import { sleepUnless } from './sleep-unless.ts';
import { dirOfRun, taskWorkflow } from './this-task.ts';

export async function runAgent(deps: HostDeps, input: RunInput): Promise<RunReport> {
  const dir = dirOfRun(deps.state, input.task.id, input.n);
  if (input.avoid.includes(deps.host)) throw decline('avoided', `${deps.host} leaves this run to another host`);
  const closed = deps.closedBecause();
  if (closed !== undefined) throw decline('closed', `${deps.host} takes no new run: ${closed}`);
  if (!deps.seats.take(dir.root)) throw decline('full', `${deps.host} is full`);
  // A run that is known here goes on, whatever is ill.
  if (!existsSync(dir.root)) {
    const held = await heldBack(deps, input);
    if (held) {
      deps.seats.release(dir.root);
      throw held;
    }
  }
  const mayStart = activityInfo().attempt === 1;
  return answerForRun(deps, input, dir, async (attended) => (await recallToEnd(attended)) ?? (mayStart ? begin(attended) : neverBegan()));
}

/** A second attempt whose first one left nothing here. */
const neverBegan = (): Ended => ({
  exit: { endedBy: 'supervisor_lost', durationMs: 0 },
  entered: false,
  startedAt: new Date().toISOString(),
});

async function begin(attended: Attended): Promise<Ended> {
  const { deps, input, dir, beats } = attended;
  const startedAt = new Date().toISOString();
  const since = Date.now();
  const notBegun = (how: Partial<Ended['exit']>, trouble: Ending = {}): Ended => ({
    exit: { endedBy: 'itself', durationMs: Date.now() - since, ...how },
    entered: false,
    startedAt,
    trouble,
  });
  try {
    if (!(await isAnswered(attended))) return notBegun({ endedBy: 'lease' });
    const from = await endEarlierExecutions(deps, input, dir, beats.signal);
    await prepareWorkspace({
      state: deps.state,
      dir,
      task: input.task,
      start: from,
      identity: deps.config.identity,
      signal: beats.signal,
    });
    if (beats.signal.aborted) throw new RunTaken(beats.signal.reason);
    const living = await start(attended);
    return { ...(await followToEnd(attended, living)), startedAt };
  } catch (error) {
    // Before its agent there is nothing to take up again: the run ends here, and costs the task nothing.
    if (beats.signal.aborted && !attended.hasStarted()) return notBegun({ endedBy: beats.signal.reason === 'cancel' ? 'cancel' : 'drain' });
    if (error instanceof RunTaken) throw error;
    if (error instanceof WorkspaceError) return notBegun({}, { stderrTail: `${error.message}\n${error.stderr}` });
    const { code, message } = error as NodeJS.ErrnoException;
    return notBegun({ notStarted: { code: code ?? 'error', message } });
  }
}

/** A server that is silent for a whole lease would leave an agent unowned at once. */
async function isAnswered({ beats, input }: Attended): Promise<boolean> {
  const over = new AbortController();
  try {
    return await Promise.race([beats.answered.then(() => true), sleepUnless(input.leaseMs, over.signal).then(() => false)]);
  } finally {
    over.abort();
  }
}

/** From the prepared workspace to a supervised agent. */
async function start(attended: Attended): Promise<LivingRun> {
  const { deps, input, dir, beats } = attended;
  const { task, n } = input;
  const session = await sessionHere(deps, input, dir);
  const prompt = promptFor(input, dir.plan, session !== undefined);
  await writeFile(dir.prompt, prompt);
  const { argv, env } = await prepareLaunch(deps, input, dir, { prompt, ...(session === undefined ? {} : { resume: session }) });
  const supervisor = await deps.supervisors.take();
  try {
    await prepare(attended, supervisor);
    await writeLease(dir.lease, beats.leaseUntil());
  } catch (error) {
    supervisor.release();
    throw error;
  }
  const order = {
    dir,
    run: { taskId: task.id, n, workflowRunId: taskWorkflow().runId },
    argv,
    cwd: dir.workspace,
    env,
    mark: runMark(dir),
    limits: { wallMs: task.limits.run.wallMs, outputBytes: deps.config.host.outputBytes },
    leaseUntil: beats.leaseUntil(),
  };
  attended.started();
  const { over } = supervisor.run(order, (pid) => {
    if (argv[0] !== undefined) deps.programs.add(argv[0]);
    beats.enter('running', pid);
  });
  deps.log.info({ task: task.id, run: n, supervisor: supervisor.pid }, 'agent handed to its supervisor');
  return followRun({ ...watched(attended), supervisor, told: over });
}

async function prepare({ input, dir }: Attended, { pid, startTime }: Supervisor): Promise<void> {
  const { workflowId, runId } = taskWorkflow();
  // For whoever has to bank and judge it without having been asked to.
  await replaceFile(dir.input, input);
  const prepared = {
    kind: 'prepared',
    taskId: input.task.id,
    n: input.n,
    workflowId,
    workflowRunId: runId,
    incarnation: incarnation(),
    mark: runMark(dir),
    supervisor: { pid, startTime },
  } as const;
  await writeJournal(dir, prepared, ownership());
}
