// Folders of runs as the worker and the supervisor leave them, made by the product's own functions. No agent runs: what one
// would have done is done by the test.

import { writeFile } from 'node:fs/promises';
import { bankRef, taskWorkflowId, wipRef } from '../../src/domain/names.ts';
import type { BankSeen } from '../../src/domain/output.ts';
import type { Task } from '../../src/domain/task.ts';
import { bankRun } from '../../src/host/bank.ts';
import { replaceFile } from '../../src/host/durable-file.ts';
import { incarnation } from '../../src/host/incarnation.ts';
import { outcomeOf, writeJournal, writeOutcome } from '../../src/host/journal.ts';
import { type RunDir, runDir, runMark } from '../../src/host/state-dir.ts';
import { prepareWorkspace } from '../../src/host/workspace.ts';
import { taskOf } from '../domain/facts.ts';
import { agentGit, type Origin, WORKFLOW_RUN, write } from './scratch.ts';

export interface RunMaking {
  readonly state: string;
  readonly origin?: Origin;
  readonly taskId?: string;
  readonly n?: number;
  readonly bank?: Task['bank'];
  readonly workflowRunId?: string;
  /** Left out: `reported`. `prepared`: its agent is not known to have ended. `never_started`: a clone, and no more. */
  readonly until?: 'never_started' | 'prepared' | 'reported';
}

export interface MadeRun {
  readonly dir: RunDir;
  /** Of its bank: the commit, and the uncommitted work. */
  readonly ref: string;
  readonly wip: string;
  /** A commit in the clone; gives its sha. */
  commit(file: string, content: string): Promise<string>;
  /** As the worker does at the end of a run. */
  bankIt(): Promise<BankSeen>;
}

export async function makeRun(making: RunMaking): Promise<MadeRun> {
  const { state, origin, taskId = 'fix-it', n = 1, bank = 'origin', workflowRunId = WORKFLOW_RUN, until = 'reported' } = making;
  const dir = runDir(state, taskId, n, workflowRunId);
  const { workspace: _, ...rest } = taskOf({ id: taskId, bank });
  const task: Task = origin ? { ...rest, workspace: { repo: origin.repo, base: 'main' } } : rest;
  await prepareWorkspace({ state, dir, task, start: { kind: 'base' } });
  if (until !== 'never_started') await live(dir, task, n, workflowRunId, until === 'reported');
  const ref = bankRef(taskId, workflowRunId, n);
  return {
    dir,
    ref,
    wip: wipRef(ref),
    commit: async (file, content) => {
      await write(dir.workspace, file, content);
      await agentGit(dir.workspace, 'add', '--all');
      await agentGit(dir.workspace, 'commit', '--quiet', '-m', `Change ${file}`);
      return agentGit(dir.workspace, 'rev-parse', 'HEAD');
    },
    bankIt: () => bankRun({ dir, task, workflowRunId, n, host: 'h1' }),
  };
}

async function live(dir: RunDir, task: Task, n: number, workflowRunId: string, reported: boolean): Promise<void> {
  await replaceFile(dir.input, { task, n, start: { kind: 'base' }, avoid: [], notes: [], heartbeatMs: 1000, leaseMs: 1000 });
  const nobody = { pid: 1, startTime: 0 };
  const run = { taskId: task.id, n, workflowRunId };
  await writeJournal(dir, {
    kind: 'prepared',
    ...run,
    workflowId: taskWorkflowId(task.id),
    incarnation: incarnation(),
    mark: runMark(dir),
    supervisor: nobody,
  });
  await writeFile(dir.stdout, 'words of the agent\n');
  await writeJournal(dir, { kind: 'entered', agent: nobody, oomKills: 0 });
  if (!reported) return;
  await writeOutcome(dir, outcomeOf(run, { exitCode: 0, endedBy: 'itself', durationMs: 1 }));
  await writeJournal(dir, { kind: 'reported', how: 'accepted' });
}
