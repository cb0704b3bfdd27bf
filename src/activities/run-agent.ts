// One run: a workspace, the agent's process, and the look at what it left. It either reports a good end whose outputs
// were seen, or throws a typed failure; this file is the border where an ending becomes one (DESIGN §3.2).

import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { ApplicationFailure, activityInfo } from '@temporalio/activity';
import { AGENTS } from '../agents/index.ts';
import { RUN_DECLINED } from '../domain/contract.ts';
import type { Ending } from '../domain/ending.ts';
import { failureType } from '../domain/failure.ts';
import type { Exit, RunInput, RunReport } from '../domain/run.ts';
import { type AgentProcess, agentEnvironment, startAgent } from '../host/agent-process.ts';
import { bankRun } from '../host/bank.ts';
import { bootId, endTree } from '../host/process-tree.ts';
import { type Journal, type RunDir, readJournal, runMark, writeJournal } from '../host/state-dir.ts';
import { prepareWorkspace, WorkspaceError } from '../host/workspace.ts';
import { asSeen } from '../outputs/index.ts';
import { NEVER_STARTED } from '../outputs/probe.ts';
import type { Deps } from './deps.ts';
import { type Heartbeats, RunNotWanted, startHeartbeats } from './heartbeats.ts';
import { lookInWorkspace } from './look.ts';
import { promptFor } from './prompt.ts';
import { failRun, reportRun } from './report.ts';
import { dirOfRun, taskWorkflow } from './this-task.ts';
import { readWords, saysFinished } from './words.ts';

/** How long an agent has between SIGTERM and SIGKILL; a worker that stops has less. */
const GRACE_MS = 5000;
const DRAIN_GRACE_MS = 2000;

export async function runAgent(deps: Deps, input: RunInput): Promise<RunReport> {
  if (input.avoid.includes(deps.host)) {
    throw ApplicationFailure.create({ type: RUN_DECLINED, message: `${deps.host} leaves this run to another host`, nonRetryable: true });
  }
  const info = activityInfo();
  const dir = dirOfRun(deps.state, input.task.id, input.n);
  const beats = startHeartbeats(deps.client, { host: deps.host, bootId: bootId(), n: input.n, phase: 'preparing' }, input.heartbeatMs);
  try {
    const journal = await readJournal(dir);
    // A second attempt of this activity (an operator's pause and unpause) must never become a second agent.
    const ended = journal.kind === 'missing' && info.attempt === 1 ? await work(deps, input, dir, beats) : await recall(dir, journal);
    beats.enter('looking');
    return await conclude(deps, input, dir, beats, ended);
  } finally {
    await beats.stop();
  }
}

/** How the run ended, before anybody has looked at what it left. `trouble`: it never came to an agent. */
interface Ended {
  readonly exit: Exit;
  readonly startedAt: string;
  readonly trouble?: Ending;
}

async function work(deps: Deps, input: RunInput, dir: RunDir, beats: Heartbeats): Promise<Ended> {
  const startedAt = new Date().toISOString();
  const since = Date.now();
  try {
    await beats.answered;
    await prepare(deps, input, dir, beats.signal);
    const agent = await start(deps, input, dir);
    if (agent.kind === 'not_started') return { exit: agent.exit, startedAt };
    beats.enter('running', agent.pid);
    deps.log.info({ task: input.task.id, run: input.n, pid: agent.pid }, 'agent started');
    return { exit: await followed(agent, beats.signal), startedAt };
  } catch (error) {
    const durationMs = Date.now() - since;
    if (error instanceof RunNotWanted || beats.signal.aborted)
      return { exit: { endedBy: beats.signal.reason, durationMs }, startedAt, trouble: {} };
    if (error instanceof WorkspaceError) {
      return { exit: { endedBy: 'itself', durationMs }, startedAt, trouble: { stderrTail: `${error.message}\n${error.stderr}` } };
    }
    const { code, message } = error as NodeJS.ErrnoException;
    return { exit: { endedBy: 'itself', durationMs, notStarted: { code: code ?? 'error', message } }, startedAt };
  }
}

async function prepare(deps: Deps, input: RunInput, dir: RunDir, signal: AbortSignal): Promise<void> {
  const { task, n, start, notes } = input;
  const { workflowId, runId } = taskWorkflow();
  await mkdir(dir.tmp, { recursive: true });
  await prepareWorkspace({ state: deps.state, dir, task, start, identity: deps.config.identity, signal });
  await writeFile(dir.prompt, promptFor(task, notes));
  await writeJournal(dir, {
    v: 1,
    taskId: task.id,
    n,
    workflowId,
    workflowRunId: runId,
    bootId: bootId(),
    mark: runMark(dir),
    startedAt: new Date().toISOString(),
  });
}

async function start(deps: Deps, { task, n }: RunInput, dir: RunDir): Promise<Awaited<ReturnType<typeof startAgent>>> {
  const prompt = await readFile(dir.prompt, 'utf8');
  return startAgent({
    argv: AGENTS[task.agent.use].argv(task.agent, prompt),
    dir,
    cwd: dir.workspace,
    env: agentEnvironment({ hostEnv: deps.env, task, n, dir }),
    mark: runMark(dir),
    limits: { wallMs: task.limits.run.wallMs, stallMs: task.limits.run.stallMs },
  });
}

async function followed(agent: AgentProcess, signal: AbortSignal): Promise<Exit> {
  const stop = () => void agent.end(signal.reason, signal.reason === 'drain' ? DRAIN_GRACE_MS : GRACE_MS);
  if (signal.aborted) stop();
  signal.addEventListener('abort', stop, { once: true });
  try {
    return await agent.exited;
  } finally {
    signal.removeEventListener('abort', stop);
  }
}

/** The run is known here already: whatever still lives of it is ended, and its journalled end is taken for its end. */
async function recall(dir: RunDir, read: Awaited<ReturnType<typeof readJournal>>): Promise<Ended> {
  await endTree({ mark: runMark(dir), graceMs: DRAIN_GRACE_MS });
  const journal: Journal | undefined = read.kind === 'known' ? read.journal : undefined;
  return {
    exit: journal?.exit ?? { endedBy: 'supervisor_lost', signal: 'SIGKILL', durationMs: 0 },
    startedAt: journal?.startedAt ?? new Date().toISOString(),
  };
}

async function conclude(deps: Deps, input: RunInput, dir: RunDir, beats: Heartbeats, ended: Ended): Promise<RunReport> {
  const { task, n, start } = input;
  const { host } = deps;
  const workflowRunId = taskWorkflow().runId;
  const { exit, startedAt, trouble } = ended;
  const words = await readWords(task.agent.use, dir);
  const entered = trouble === undefined && exit.notStarted === undefined;
  const env = agentEnvironment({ hostEnv: deps.env, task, n, dir });
  const looked = entered
    ? await lookInWorkspace({ task, dir, env, goodEnd: saysFinished(words, exit), signal: beats.signal })
    : { at: new Date().toISOString(), outputs: task.outputs.map((output) => asSeen(output, NEVER_STARTED)), checks: [], goodEnd: false };
  const bank = entered && task.workspace ? await bankRun({ dir, task, workflowRunId, n, host }) : undefined;
  const seen = bank ? { ...looked, bank } : looked;
  const facts = { host, entered, startedAt, endedAt: new Date().toISOString(), ...(words.usage ? { usage: words.usage } : {}), seen };
  const report = reportRun({ task, exit, words, facts, start, ...(trouble ? { trouble } : {}) });
  const ending = report.kind === 'failed' ? failureType(report.failure.reason) : 'finished';
  deps.log.info({ task: task.id, run: n, ended: ending, exit }, 'run ended');
  if (report.kind === 'failed') throw failRun(n, report.failure, facts);
  return { ...facts, ...(words.typed?.note ? { note: words.typed.note } : {}) };
}
