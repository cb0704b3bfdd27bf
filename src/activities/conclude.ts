// After a run has ended: its words, a look at its outputs, the bank, and what all that means. This is the border where
// an ending becomes a typed failure (DESIGN §3.2), and nothing of it leaves the host unredacted.

import { readFile, stat } from 'node:fs/promises';
import { agentNamed } from '../agents/index.ts';
import type { CredentialUsed } from '../domain/credential.ts';
import { failureType } from '../domain/failure.ts';
import type { BankSeen, Seen } from '../domain/output.ts';
import { readPlan } from '../domain/plan-text.ts';
import type { RunFacts, RunInput } from '../domain/run.ts';
import type { Task } from '../domain/task.ts';
import { agentEnvironment } from '../host/agent-environment.ts';
import { bankRun } from '../host/bank.ts';
import type { RunDir } from '../host/state-dir.ts';
import { asSeen } from '../outputs/index.ts';
import { NEVER_STARTED, type ProbeAnswer } from '../outputs/output-type.ts';
import type { Attended, Ended } from './attend.ts';
import { blameGoodEnd } from './blame.ts';
import type { End } from './deliver.ts';
import type { Deps } from './deps.ts';
import { ownVersion } from './launch.ts';
import { lookInWorkspace } from './look.ts';
import { outputWorker } from './output-worker.ts';
import { failRun, type Report, reportRun } from './report.ts';
import { taskWorkflow } from './this-task.ts';
import { readWords, saysFinished } from './words.ts';

export async function conclude({ deps, input, dir, beats }: Attended, ended: Ended): Promise<End> {
  const { report, facts, note } = await lookAtEnd(deps, input, dir, ended, taskWorkflow().runId, beats.signal);
  const ending = report.kind === 'failed' ? failureType(report.failure.reason) : 'finished';
  deps.log.info({ task: input.task.id, run: input.n, ended: ending, exit: ended.exit }, 'run ended');
  const ms = Date.parse(facts.endedAt) - Date.parse(facts.startedAt);
  const failure = report.kind === 'failed' ? report.failure : undefined;
  deps.meters.runEnded({ host: deps.host, agent: input.task.agent.use, ms, failure });
  if (!failure) blameGoodEnd(deps, { task: input.task, n: input.n, host: deps.host, credentials: facts.credentials ?? [] });
  if (report.kind === 'failed') return { kind: 'failed', failure: failRun(input.n, report.failure, facts, report.recorded) };
  return { kind: 'finished', report: { ...facts, ...(note ? { note } : {}), ...(report.plan ? { plan: report.plan } : {}) } };
}

export interface LookedAtEnd {
  readonly report: Report;
  readonly facts: RunFacts;
  readonly note?: string;
}

/** What is to be known of a run that has ended, redacted. `workflowRunId` names its bank. */
export async function lookAtEnd(
  deps: Deps,
  input: RunInput,
  dir: RunDir,
  { exit, entered, startedAt, trouble }: Ended,
  workflowRunId: string,
  signal?: AbortSignal,
): Promise<LookedAtEnd> {
  const { task, n, start, plans } = input;
  const { host } = deps;
  const redact = deps.redact.with(task.env);
  const words = await readWords(deps.agents, task.agent, dir, redact, exit);
  const env = agentEnvironment({ hostEnv: deps.env, task, n, dir });
  const isForgotten = exit.vanished === 'state';
  const isHere = entered && !isForgotten;
  const version = entered ? (words.agentVersion ?? ownVersion(deps, input, dir)) : undefined;
  const looked: Seen = isHere
    ? await lookInWorkspace({
        worker: outputWorker(deps),
        task,
        dir,
        env,
        goodEnd: !plans && saysFinished(words, exit),
        redact,
        ...(signal ? { signal } : {}),
      })
    : nothingToSee(task, isForgotten ? FORGOTTEN : NEVER_STARTED);
  const bank = isHere && task.workspace ? await bankRun({ dir, task, workflowRunId, n, host }) : undefined;
  const agentVersion = await version;
  const credentials = await readCredentials(dir);
  const plan = plans ? readPlan(await readPlanFile(dir), task) : undefined;
  const facts: RunFacts = redact.json({
    host,
    entered,
    startedAt,
    endedAt: new Date().toISOString(),
    ...(words.usage ? { usage: words.usage } : {}),
    ...(words.session === undefined ? {} : { session: words.session }),
    ...(words.session !== undefined && agentNamed(deps.agents, task.agent.use)?.bindsSession ? { boundSession: true } : {}),
    ...(agentVersion === undefined ? {} : { agentVersion }),
    ...(credentials.length > 0 ? { credentials } : {}),
    seen: bank ? { ...looked, bank } : looked,
  });
  const report = redact.json(
    reportRun({ agents: deps.agents, task, exit, words, facts, start, ...(trouble ? { trouble } : {}), ...(plan ? { plan } : {}) }),
  );
  const note = words.typed?.note;
  return { report, facts, ...(note ? { note } : {}) };
}

/** As much as any plan may have, and a little more, so that a longer one is refused as what it is. */
const PLAN_BYTES = 256 * 1024;

async function readPlanFile({ plan }: RunDir): Promise<string | undefined> {
  const size = await stat(plan).then(
    (found) => found.size,
    () => undefined,
  );
  return size === undefined ? undefined : size > PLAN_BYTES ? `a file of ${size} bytes` : readFile(plan, 'utf8');
}

/** None where it did not come to be given any, or an older version started it. */
async function readCredentials({ credentials }: RunDir): Promise<readonly CredentialUsed[]> {
  const written = await readFile(credentials, 'utf8').catch(() => '[]');
  return JSON.parse(written) as CredentialUsed[];
}

/** Out of sight for good: looking again would not help, and whoever goes on does so from the newest bank. */
const FORGOTTEN: ProbeAnswer = { state: 'stranded', evidence: 'it lay in a state folder that its host does not have any more' };

/** Before any look at the world, which settle makes. */
const nothingToSee = ({ outputs }: Task, answer: ProbeAnswer): Seen => ({
  at: new Date().toISOString(),
  outputs: outputs.map((output) => asSeen(output, answer)),
  checks: [],
  goodEnd: false,
});

/** Banks what lies in the run's workspace now. */
export async function bankIt(deps: Deps, { task, n }: RunInput, dir: RunDir): Promise<BankSeen | undefined> {
  return task.workspace ? bankRun({ dir, task, workflowRunId: taskWorkflow().runId, n, host: deps.host }) : undefined;
}
