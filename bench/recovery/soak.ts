// The time of a soak: tasks are submitted so that there is always work, faults come as planned, questions are answered as
// a policy that knows nothing would; then the faults stop, and everything that was begun is waited for.

import { setTimeout as sleep } from 'node:timers/promises';
import { WorkflowFailedError } from '@temporalio/client';
import type { TaskResult, TaskStatus } from '../../src/domain/contract.ts';
import { ANSWER, STATUS_QUERY, taskIdOfWorkflow, taskWorkflowId } from '../../src/domain/names.ts';
import { startTask } from '../../src/start-task.ts';
import { carryOut, type FaultMet } from './faults.ts';
import type { Fleet } from './fleet.ts';
import type { Planned } from './plan.ts';
import type { Work } from './workload.ts';

/** Longer than anything waits by itself: a host's lease and half a minute, a look that is made again. */
const PATIENCE_MS = 300_000;
const AGAIN_MS = 300;
const ASK_MS = 3000;

export interface Page {
  readonly task: string;
  readonly question: string;
  readonly text: string;
  readonly answer: string;
}

/** How each task ended; `problem` where it did not end as done. */
export interface TaskEnd {
  readonly work: Work;
  readonly result?: TaskResult;
  readonly problem?: string;
}

export interface Soaked {
  readonly ends: readonly TaskEnd[];
  readonly faults: readonly FaultMet[];
  readonly pages: readonly Page[];
  /** From the last fault to the last end. */
  readonly calmMs: number;
}

export interface SoakOptions {
  readonly fleet: Fleet;
  readonly plan: readonly Planned[];
  readonly forMs: number;
  /** How many tasks are open at once while there are faults. */
  readonly tasks: number;
  readonly work: (n: number) => Work;
  readonly progress: (line: string) => void;
}

export async function soak({ fleet, plan, forMs, tasks, work, progress }: SoakOptions): Promise<Soaked> {
  const since = performance.now();
  const elapsed = () => performance.now() - since;
  const open = new Map<string, Work>();
  const ends: TaskEnd[] = [];
  const pages = new Map<string, Page>();
  let lastEnd = performance.now();

  const follow = async (one: Work) => {
    ends.push(await endOf(fleet, one));
    open.delete(one.id);
    lastEnd = performance.now();
  };
  const submit = async () => {
    for (let n = 1; elapsed() < forMs; ) {
      if (open.size >= tasks) {
        await sleep(50);
        continue;
      }
      const one = work(n);
      n += 1;
      open.set(one.id, one);
      await untilAnswered(() => startTask(fleet.client, one.spec));
      void follow(one);
    }
  };
  const answering = new AbortController();
  const answer = async () => {
    while (!answering.signal.aborted) {
      await answerAll(fleet, pages).catch(() => undefined);
      await sleep(1000);
    }
  };
  const faults: FaultMet[] = [];
  const away: Promise<void>[] = [];
  const disturb = async () => {
    for (const planned of plan) {
      await sleep(Math.max(0, planned.atMs - elapsed()));
      const met = await carryOut(fleet, planned, (over) => away.push(over));
      faults.push(met);
      const lasts = planned.lastsMs > 0 ? ` for ${(planned.lastsMs / 1000).toFixed(1)} s` : '';
      progress(`${seconds(elapsed())} ${planned.fault} ${met.what ?? '(met nothing)'}${lasts} · ${open.size} open, ${ends.length} ended`);
    }
    await Promise.all(away);
  };

  const answered = answer();
  await Promise.all([submit(), disturb()]);
  const calmSince = performance.now();
  progress(`${seconds(elapsed())} no more faults: ${open.size} tasks are waited for`);
  while (open.size > 0 && performance.now() - Math.max(lastEnd, calmSince) < PATIENCE_MS) await sleep(100);
  answering.abort();
  await answered;
  const unfinished = [...open.values()].map((one) => ({
    work: one,
    problem: `no end within ${PATIENCE_MS / 1000} s of the end before it`,
  }));
  return { ends: [...ends, ...unfinished], faults, pages: [...pages.values()], calmMs: Math.round(lastEnd - calmSince) };
}

async function endOf({ client }: Fleet, work: Work): Promise<TaskEnd> {
  try {
    const result = (await untilAnswered(() => client.workflow.getHandle(taskWorkflowId(work.id)).result())) as TaskResult;
    return result.state === 'done' ? { work, result } : { work, result, problem: `it ended as ${result.state}: ${result.because}` };
  } catch (error) {
    return { work, problem: `it failed: ${(error as Error).cause ?? error}` };
  }
}

/** A server that is away says nothing about a task. */
async function untilAnswered<T>(ask: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      if (error instanceof WorkflowFailedError) throw error;
      await sleep(AGAIN_MS);
    }
  }
}

async function answerAll(fleet: Fleet, pages: Map<string, Page>): Promise<void> {
  const { client } = fleet;
  for await (const { workflowId } of client.workflow.list({ query: "OutliveState = 'asking'" })) {
    const handle = client.workflow.getHandle(workflowId);
    const within = <T>(call: () => Promise<T>) => client.withDeadline(Date.now() + ASK_MS, call);
    const { question } = await within(() => handle.query<TaskStatus>(STATUS_QUERY));
    if (!question) continue;
    const choice = question.choices.includes('retry') ? 'retry' : 'finish';
    const task = taskIdOfWorkflow(workflowId);
    pages.set(`${task}/${question.id}`, { task, question: question.id, text: question.text, answer: choice });
    const updateId = `soak-${question.id}`;
    await within(() => handle.executeUpdate(ANSWER, { updateId, args: [{ choice, note: 'Go on.', question: question.id, by: 'soak' }] }));
  }
}

const seconds = (ms: number): string => `${(ms / 1000).toFixed(1).padStart(6)} s`;
