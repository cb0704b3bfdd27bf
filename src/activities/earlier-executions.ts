// After a reset the task's numbers start anew, and an agent of the execution before may still be at work: Temporal ends
// that execution, and its host learns of it with its next heartbeat. Nothing is started beside it, and what it left is
// where the work goes on.

import type { BankSeen } from '../domain/output.ts';
import { nextStart, type RunInput, type StartPoint } from '../domain/run.ts';
import { bankRun, lookAtBank } from '../host/bank.ts';
import { endRun } from '../host/recall.ts';
import { listRunDirs, type RunDir, taskOfRunDir } from '../host/state-dir.ts';
import type { Deps } from './deps.ts';
import { sleepUnless } from './sleep-unless.ts';

/** Resolves once no run of an earlier execution can live any more, with the point to start from. */
export async function endEarlierExecutions(deps: Deps, input: RunInput, dir: RunDir, signal: AbortSignal): Promise<StartPoint> {
  if (!input.wasReset) return input.start;
  const here = await endThoseHere(deps, input, dir);
  // A host elsewhere asks the server three times in a heartbeat's time whether its run is still wanted.
  if (here.length === 0) await sleepUnless(input.heartbeatMs, signal);
  if (input.start.kind === 'bank') return input.start;
  const banked = here.find((bank) => bank?.state === 'banked') ?? (await newestAtOrigin(input));
  return nextStart(input.start, banked, undefined);
}

async function endThoseHere(deps: Deps, { task, n }: RunInput, dir: RunDir): Promise<(BankSeen | undefined)[]> {
  const earlier = (await listRunDirs(deps.state)).filter((other) => taskOfRunDir(other) === task.id && other.root !== dir.root);
  const banks: (BankSeen | undefined)[] = [];
  for (const other of earlier) {
    const ended = await endRun(other, 'cancel');
    const of = ended?.journal?.prepared;
    if (of) banks.push(await bankRun({ dir: other, task, workflowRunId: of.workflowRunId, n: of.n, host: deps.host }));
  }
  deps.log.info(
    { task: task.id, run: n, earlier: earlier.length },
    'the task was reset: what an earlier execution left is over and banked',
  );
  return banks;
}

async function newestAtOrigin({ task }: RunInput): Promise<BankSeen | undefined> {
  if (!task.workspace || task.bank !== 'origin') return undefined;
  const looked = await lookAtBank({ repo: task.workspace.repo, taskId: task.id });
  const newest = looked.ok ? looked.refs[0] : undefined;
  return (
    newest && { state: 'banked', ref: newest.ref, head: newest.head, at: 'origin', host: '', ...(newest.wip ? { wip: newest.wip } : {}) }
  );
}
