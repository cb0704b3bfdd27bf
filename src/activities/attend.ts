// What the activity does that answers for a run, whether it started it or took it up again: heartbeats and lease, following
// the agent to its end, the look at what it left, and telling the server until it has answered.

import { ApplicationFailure, activityInfo } from '@temporalio/activity';
import { agentNamed } from '../agents/index.ts';
import { type LeftRun, RUN_DETACHED } from '../domain/contract.ts';
import type { Ending } from '../domain/ending.ts';
import type { Exit, RunInput, RunReport } from '../domain/run.ts';
import { type Following, followRun, type LivingRun } from '../host/follow.ts';
import { writeJournal } from '../host/journal.ts';
import { writeLease } from '../host/lease.ts';
import { bootId, endTree } from '../host/process-tree.ts';
import { endRun, recallRun } from '../host/recall.ts';
import { type RunDir, runMark } from '../host/state-dir.ts';
import { signsOf } from './agent-signs.ts';
import { bankWhileItRuns } from './bank-while-it-runs.ts';
import { bankIt, conclude } from './conclude.ts';
import { type Delivered, deliver, delivered, type End } from './deliver.ts';
import type { HostDeps } from './deps.ts';
import { type Heartbeats, RunTaken, startHeartbeats } from './heartbeats.ts';
import { isTaskOver, taskWorkflow } from './this-task.ts';

const LEFTOVER_GRACE_MS = 1000;
/** A worker that stops has ten seconds for everything. */
const LAST_WORD_MS = 5000;

/** A run in the hands of an activity. */
export interface Attended {
  readonly deps: HostDeps;
  readonly input: RunInput;
  readonly dir: RunDir;
  readonly beats: Heartbeats;
  /** From here on the run lives on without this activity. */
  started(): void;
  hasStarted(): boolean;
}

/** How a run ended, before anybody has looked at what it left. `trouble`: what kept it from its agent. */
export interface Ended {
  readonly exit: Exit;
  readonly entered: boolean;
  readonly startedAt: string;
  readonly trouble?: Ending;
}

/** Takes the run from whoever has it in this worker, has it brought to its end, and tells the server. Never returns otherwise. */
export async function answerForRun(
  deps: HostDeps,
  input: RunInput,
  dir: RunDir,
  bringToEnd: (attended: Attended) => Promise<Ended>,
): Promise<RunReport> {
  const claim = deps.claims.take(dir.root);
  const beats = startHeartbeats({
    client: deps.client,
    first: { host: deps.host, bootId: bootId(), stateId: input.stateId ?? deps.stateId, n: input.n, phase: 'preparing' },
    heartbeatMs: input.heartbeatMs,
    leaseMs: input.leaseMs,
    wanted: claim.wanted,
    // Before the folder is there, nothing lives that could need it.
    onRenewed: (until) => void writeLease(dir.lease, until).catch(() => undefined),
  });
  let hasStarted = false;
  const attended: Attended = {
    deps,
    input,
    dir,
    beats,
    started: () => {
      hasStarted = true;
    },
    hasStarted: () => hasStarted,
  };
  // Whoever does not know better sees to it, until it is known to be over and told.
  let lives = true;
  try {
    // It may take minutes, where a push hangs: the heartbeats of this activity keep the run until then.
    await claim.held;
    const ended = await bringToEnd(attended);
    beats.enter('looking');
    const answer = await tell(attended, await seeEnd(attended, ended));
    // A run that never came to a journal has none to close: begun with that line, it would be one that cannot be read.
    if (answer === 'accepted' && hasStarted) await writeJournal(dir, { kind: 'reported', how: 'accepted' }).catch(() => undefined);
    lives = answer !== 'accepted';
    throw delivered();
  } catch (error) {
    throw error instanceof RunTaken ? await letGo(attended, error) : error;
  } finally {
    await beats.stop();
    claim.release();
    if (lives) deps.leave(dir);
    else deps.seats.release(dir.root);
  }
}

/** A cancel that cuts the look off has ended the run as well as one that ends its agent. */
async function seeEnd(attended: Attended, ended: Ended): Promise<End> {
  const end = await conclude(attended, ended);
  const isCutOff = attended.beats.signal.reason === 'cancel' && end.kind === 'failed' && ended.exit.endedBy !== 'cancel';
  return isCutOff ? conclude(attended, { ...ended, exit: { ...ended.exit, endedBy: 'cancel' } }) : end;
}

/** A run that was taken away is told of by whoever takes it up; one that was cancelled, or never came to its agent, by nobody else. */
function tell({ deps, beats, hasStarted }: Attended, end: End): Promise<Delivered> {
  const { aborted, reason } = beats.signal;
  const isLast = aborted && (reason === 'cancel' || !hasStarted());
  return deliver(deps.client, end, isLast ? AbortSignal.timeout(LAST_WORD_MS) : beats.signal);
}

/** The line of the journal that says that this activity answers for the run. */
export function ownership(): { readonly kind: 'owned'; readonly activityId: string; readonly taskToken: string } {
  const { activityId, base64TaskToken } = activityInfo();
  return { kind: 'owned', activityId, taskToken: base64TaskToken };
}

/** Brings a run to its end that is known on this host; undefined where it is not. */
export async function recallToEnd(attended: Attended): Promise<Ended | undefined> {
  const { deps, input, dir, beats } = attended;
  const recalled = await recallRun(dir);
  if (recalled.kind === 'unknown') return undefined;
  attended.started();
  deps.seats.occupy(dir.root);
  // The end that was written down comes first: nobody else can write it any more. On a full disk its owner is not written
  // down, and a later worker learns by a heartbeat timeout that the run is orphaned.
  if (recalled.journal) await writeJournal(dir, ownership()).catch((error) => sayUnowned(attended, error));
  const startedAt = recalled.journal?.prepared.at ?? new Date().toISOString();
  if (recalled.kind === 'ended') {
    // A check of a worker that died may still be at work in there, and the look would run its like beside it.
    await endTree({ mark: runMark(dir), graceMs: LEFTOVER_GRACE_MS });
    return { ...recalled, startedAt };
  }
  beats.enter('running', recalled.journal.entered?.agent.pid);
  deps.log.info({ task: input.task.id, run: input.n }, 'run taken up again');
  const living = followRun({ ...watched(attended), supervisor: recalled.supervisor });
  return { ...(await followToEnd(attended, living)), startedAt };
}

/** How a living run is watched, by whoever answers for it. */
export function watched({ deps, input: { task, n }, dir }: Attended): Omit<Following, 'supervisor' | 'told'> {
  const agent = agentNamed(deps.agents, task.agent.use);
  const onAnswer = () => deps.health.answered({ task: task.id, run: n }, deps.host);
  const signs = agent && signsOf(agent, dir.stdout, task.limits.run, onAnswer);
  return { dir, stallMs: task.limits.run.stallMs, ...(signs ? { signs } : {}) };
}

const sayUnowned = ({ deps, dir }: Attended, error: unknown): void =>
  deps.log.warn({ run: dir.root, error: String(error) }, 'who answers for a run could not be written down');

/** To the run's own end, or to the one that a cancel makes. Throws RunTaken where the run lives on without this activity. */
export async function followToEnd(attended: Attended, living: LivingRun): Promise<Pick<Ended, 'exit' | 'entered'>> {
  const { deps, beats } = attended;
  const banking = bankWhileItRuns(attended);
  const cancelled = () => {
    if (beats.signal.reason === 'cancel') living.end('cancel');
  };
  const taken = new Promise<never>((_, reject) => {
    const hear = () => (beats.signal.reason === 'cancel' ? cancelled() : reject(new RunTaken(beats.signal.reason)));
    if (beats.signal.aborted) hear();
    else beats.signal.addEventListener('abort', hear, { once: true });
  });
  try {
    return await Promise.race([living.over, taken]);
  } catch (error) {
    deps.log.info({ run: attended.dir.root, why: beats.signal.reason }, 'run left');
    throw error;
  } finally {
    living.leave();
    await banking.stop();
  }
}

/** What the server is told of a run that lives on, if it still listens. A task that is over needs no agent any more. */
async function letGo({ deps, input, dir }: Attended, { why }: RunTaken): Promise<Error> {
  const left: LeftRun = { host: deps.host, n: input.n, stateId: input.stateId ?? deps.stateId };
  const message = `${deps.host} lets go of run ${input.n}, which goes on; it is taken up again there`;
  if (why !== 'disowned') return ApplicationFailure.create({ type: RUN_DETACHED, message, nonRetryable: true, details: [left] });
  // An unreachable server says nothing about the task: then the run is an orphan, and is asked about again.
  if (await isTaskOver(deps.client, taskWorkflow()).catch(() => false)) {
    if (!(await endRun(dir, 'cancel'))) return delivered();
    const bank = await bankIt(deps, input, dir);
    if (bank?.state !== 'failed') await writeJournal(dir, { kind: 'reported', how: 'kept' }).catch(() => undefined);
  }
  return delivered();
}
