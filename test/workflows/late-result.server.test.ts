// What comes to light about a lost run while its end is being decided on; a real server, and a host that the test plays.

import { Context } from '@temporalio/activity';
import { NativeConnection, Worker, type WorkerOptions } from '@temporalio/worker';
import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import type { Begun, LateResult, Settled, SettleInput } from '../../src/domain/contract.ts';
import { decide } from '../../src/domain/decide.ts';
import { CONTROL_QUEUE, LATE_RESULT, poolQueue, TASK_WORKFLOW, taskWorkflowId } from '../../src/domain/names.ts';
import type { Seen } from '../../src/domain/output.ts';
import type { RunInput } from '../../src/domain/run.ts';
import { taskOf } from '../domain/facts.ts';
import { type OwnNamespace, ownNamespace } from '../e2e/own-namespace.ts';

let own: OwnNamespace;
beforeAll(async () => {
  own = await ownNamespace('late-result');
});
afterAll(() => own?.close());

const { workspace: _, ...task } = taskOf({ id: 'late', checks: [], outputs: [{ kind: 'file', by: 'agent', path: 'report.md' }] });
const workflowId = taskWorkflowId(task.id);
const timing = { heartbeatMs: 1000, leaseMs: 1000, finishPatienceMs: 1000, backoffMs: 10, declineMs: 10, secondLookMs: 1000 };

const seen = (state: 'present' | 'stranded'): Seen => ({
  at: new Date().toISOString(),
  outputs: [{ kind: 'file', by: 'agent', reach: 'host', state, evidence: state }],
  checks: [],
  goodEnd: state === 'present',
});

const LATE: LateResult = { n: 1, facts: { host: 'h1', entered: true, startedAt: '', endedAt: '', seen: seen('present') } };

function settle({ n, look, runs, start, granted, seen: reported = seen('stranded') }: SettleInput): Settled {
  const failure = runs.at(-1)?.failure;
  if (!failure) throw new Error('nothing to settle');
  const facts = {
    v: 1,
    now: new Date().toISOString(),
    task,
    n,
    look,
    failure,
    runs,
    granted,
    over: true,
    leaseMs: 1000,
    backoffMs: 10,
    holdMs: 10,
  } as const;
  return { v: 1, failure, seen: reported, start, decision: decide({ ...facts, seen: reported }) };
}

async function startWorker(options: WorkerOptions): Promise<() => Promise<void>> {
  const connection = await NativeConnection.connect({ address: own.address });
  const worker = await Worker.create({ ...options, connection, namespace: own.client.options.namespace });
  const running = worker.run();
  return async () => {
    worker.shutdown();
    await running;
    await connection.close();
  };
}

it('a late result that comes while the next run is decided on is looked at before that run begins', async () => {
  const handle = own.client.workflow.getHandle(workflowId);
  const begun: number[] = [];
  const looks: SettleInput[] = [];
  const control = {
    begin: (): Begun => ({ v: 1, task, timing, searchAttributes: false, seen: seen('stranded'), start: { kind: 'base' } }),
    settle: async (input: SettleInput) => {
      if (looks.push(input) === 1) await handle.signal(LATE_RESULT, LATE);
      return settle(input);
    },
  };
  const host = {
    runAgent: async ({ n }: RunInput) => {
      begun.push(n);
      await Context.current().cancelled;
    },
  };
  const workflowBundle = { codePath: inject('workflowBundlePath') };
  const endings = await Promise.all([
    startWorker({ taskQueue: CONTROL_QUEUE, workflowBundle, activities: control }),
    startWorker({ taskQueue: poolQueue(task.pool), activities: host }),
  ]);
  try {
    await own.client.workflow.start(TASK_WORKFLOW, { workflowId, taskQueue: CONTROL_QUEUE, args: [task] });
    expect(await handle.result()).toMatchObject({ state: 'done', runs: 1 });
    expect(looks.map(({ seen: reported }) => reported?.outputs[0]?.state)).toEqual([undefined, 'present']);
    expect(begun).toEqual([1]);
  } finally {
    await Promise.all(endings.map((end) => end()));
  }
});
