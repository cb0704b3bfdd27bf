// Look at everything after a run has ended, then decide. On the run's own host it first makes sure that the run is over;
// elsewhere it takes the run's own word, or says what it cannot see. Its answer is the recorded decision.

import { stat } from 'node:fs/promises';
import { cancellationSignal } from '@temporalio/activity';
import type { Settled, SettleInput } from '../domain/contract.ts';
import { decide } from '../domain/decide.ts';
import { factsOf } from '../domain/facts.ts';
import { type BankSeen, reachOf, type Seen } from '../domain/output.ts';
import { nextStart, type RunRecord, type StartPoint } from '../domain/run.ts';
import { agentEnvironment } from '../host/agent-environment.ts';
import { bankRun, lookAtBank } from '../host/bank.ts';
import { endTree } from '../host/process-tree.ts';
import { endRun } from '../host/recall.ts';
import { type RunDir, runMark } from '../host/state-dir.ts';
import { workSince } from '../host/workspace.ts';
import { asSeen, probe } from '../outputs/index.ts';
import { NEVER_STARTED, STRANDED } from '../outputs/output-type.ts';
import { blameFailure, incidentBehind } from './blame.ts';
import type { Deps } from './deps.ts';
import { hostsOfPool } from './hosts-of-pool.ts';
import { hasProgress, lookInWorkspace } from './look.ts';
import { outputWorker } from './output-worker.ts';
import { dirOfRun, taskWorkflow } from './this-task.ts';
import { readWords, saysFinished } from './words.ts';

const GRACE_MS = 5000;

interface Look {
  readonly seen: Seen;
  readonly over: boolean;
  readonly start: StartPoint;
  readonly done?: string;
}

export async function settle(deps: Deps, input: SettleInput): Promise<Settled> {
  const { task, n, look, runs } = input;
  const run = runs.at(-1);
  if (!run?.failure) throw new Error(`run ${n} has no failure on record, so there is nothing to settle`);
  const looked = await lookAt(deps, input, run);
  const failure = { ...run.failure, progress: hasProgress(input.start, looked.seen) };
  const hosts = await hostsOfPool(deps.client, task.pool);
  if (look === 1) blameFailure(deps, task, runs, failure, hosts);
  const incident = incidentBehind(deps, task, run, failure);
  const decision = decide(
    factsOf(input, {
      now: new Date().toISOString(),
      failure,
      seen: looked.seen,
      over: looked.over,
      ...(looked.done === undefined ? {} : { done: looked.done }),
      ...(hosts ? { hosts } : {}),
      ...(incident ? { incident } : {}),
    }),
  );
  const { kind, because, afterMs } = decision;
  const ended = Date.parse(run.endedAt ?? '');
  deps.meters.decided(decision, failure, Number.isNaN(ended) ? 0 : Date.now() - ended);
  // A run that was lost could not count itself.
  if (look === 1 && input.seen === undefined)
    deps.meters.runEnded({ host: run.host ?? 'unknown', agent: run.agent, ms: ended - Date.parse(run.startedAt), failure });
  deps.log.info({ task: task.id, run: n, look, decision: kind, because, afterMs }, 'decided');
  return deps.redact.with(task.env).json({
    v: 1,
    failure,
    seen: looked.seen,
    start: looked.start,
    decision,
    over: looked.over,
    ...(hosts ? { hosts } : {}),
    ...(incident ? { incident } : {}),
  });
}

async function lookAt(deps: Deps, input: SettleInput, run: RunRecord): Promise<Look> {
  const dir = dirOfRun(deps.state, input.task.id, input.n);
  if (run.host === deps.host && (await exists(dir.root))) return lookAtHome(deps, input, run, dir);
  const look = await lookFromAfar(deps, input, input.seen);
  return neverStarted(run, input.seen) ? { ...look, over: true, start: input.start } : look;
}

/**
 * No agent starts before the server has answered a heartbeat, so a run that came to none is alive nowhere. Only its first
 * activity proves that by its silence: one that is to take the run up again may die without a word while the agent works.
 */
const neverStarted = ({ entered, host }: RunRecord, reported: Seen | undefined): boolean =>
  entered === false && (host === undefined || reported !== undefined);

/** On the run's own host: nothing of it lives on after this, and what lies in its workspace is seen and banked. */
async function lookAtHome(deps: Deps, input: SettleInput, run: RunRecord, dir: RunDir): Promise<Look> {
  const { task, n, start } = input;
  const ended = await endRun(dir, 'cancel');
  // Checks and probes of a worker that died carry the mark as well.
  const { left } = await endTree({ mark: runMark(dir), graceMs: GRACE_MS });
  if (neverStarted(run, input.seen) || !(await exists(dir.workspace))) return lookFromAfar(deps, input, input.seen);
  const redact = deps.redact.with(task.env);
  const words = await readWords(deps.agents, task.agent, dir, redact, ended?.exit);
  // Whoever plans claims nothing of the work.
  const goodEnd = !run.plans && saysFinished(words, ended?.exit);
  const env = agentEnvironment({ hostEnv: deps.env, task, n, dir });
  const signal = cancellationSignal();
  const looked = await lookInWorkspace({
    worker: outputWorker(deps),
    task: needsChecks(run) ? task : { ...task, checks: [] },
    dir,
    env,
    goodEnd,
    redact,
    signal,
  });
  // Its worker stops: a look that was cut off says nothing, and the next worker makes it anew.
  signal.throwIfAborted();
  const workflowRunId = taskWorkflow().runId;
  const bank = task.workspace ? await bankRun({ dir, task, workflowRunId, n, host: deps.host }) : undefined;
  const seen = bank ? { ...looked, bank } : looked;
  const done = looked.repository && looked.repository.commits > 0 ? await workSince(dir.workspace, looked.repository.base) : undefined;
  return { seen, over: left.length === 0, start: nextStart(start, bank, looked.repository), ...(done === undefined ? {} : { done }) };
}

/** Whatever they say, a run that was stopped on purpose is followed by none; its task would only end later. */
const needsChecks = ({ failure }: RunRecord): boolean => failure?.reason !== 'cancelled';

/** Anywhere else: what the world can see is looked at anew, for the rest the run's own report stands, if there is one. */
async function lookFromAfar(deps: Deps, input: SettleInput, reported: Seen | undefined): Promise<Look> {
  const { task, start, runs } = input;
  const run = runs.at(-1);
  const isUnborn = run !== undefined && neverStarted(run, reported);
  const bank = reported?.bank ?? (isUnborn ? undefined : await newestBank(input));
  const place = {
    worker: outputWorker(deps),
    task,
    env: {},
    mark: '',
    logs: '',
    ...(reported?.repository ? { repository: reported.repository } : {}),
    ...(bank?.state === 'banked' ? { kept: { head: bank.head, ref: bank.ref } } : {}),
  };
  const outputs = await Promise.all(
    task.outputs.map(async (output, index) => {
      if (reachOf(output) === 'world') return probe(output, place);
      if (isUnborn) return asSeen(output, NEVER_STARTED);
      return reported?.outputs[index] ?? asSeen(output, STRANDED);
    }),
  );
  const seen: Seen = {
    at: new Date().toISOString(),
    outputs,
    checks: reported?.checks ?? [],
    goodEnd: reported?.goodEnd ?? false,
    ...(reported?.repository ? { repository: reported.repository } : {}),
    ...(bank ? { bank } : {}),
  };
  const over = reported !== undefined || run?.leaseOver === true;
  return { seen, over, start: nextStart(start, bank, reported?.repository) };
}

/** What the origin keeps of this task, where its host cannot be asked. */
async function newestBank({ task, runs }: SettleInput): Promise<BankSeen | undefined> {
  if (!task.workspace || task.bank !== 'origin') return undefined;
  const workflowRunId = taskWorkflow().runId;
  const looked = await lookAtBank({ repo: task.workspace.repo, taskId: task.id, workflowRunId });
  if (!looked.ok) return { state: 'failed', evidence: looked.evidence };
  const [newest] = looked.refs;
  if (!newest) return undefined;
  const host = runs.find((run) => run.n === newest.n)?.host ?? '';
  return { state: 'banked', ref: newest.ref, head: newest.head, at: 'origin', host, ...(newest.wip ? { wip: newest.wip } : {}) };
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
