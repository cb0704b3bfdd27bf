import { mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { defaultPayloadConverter } from '@temporalio/common';
import proto from '@temporalio/proto';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, inject, it, onTestFinished } from 'vitest';
import { TASK_WORKFLOW, taskWorkflowId } from '../src/domain/names.ts';
import type { Terms } from '../src/domain/retention.ts';
import { type Janitor, startJanitor } from '../src/janitor.ts';
import { makeRun } from './host/kept-run.ts';
import { makeOrigin, until } from './host/scratch.ts';

const { CommandType } = proto.temporal.api.enums.v1;
const DAY_MS = 86_400_000;
const NOW: Terms = { doneMs: 0, otherMs: 0, diskBytes: 0 };
const unique = (name: string): string => `${name}-${process.pid}`;

let connection: Connection;
let client: Client;
beforeAll(async () => {
  connection = await Connection.connect({ address: inject('temporalAddress') });
  client = new Client({ connection, namespace: inject('temporalNamespace') });
});
afterAll(() => connection.close());

/** A task that nobody works at; gives its id. */
async function startTask(name: string): Promise<string> {
  await client.workflow.start(TASK_WORKFLOW, { workflowId: taskWorkflowId(unique(name)), taskQueue: unique(name), args: [] });
  return unique(name);
}

/** Completes the task as its workflow would, with this result in its memo. */
async function complete(taskId: string, result?: unknown): Promise<void> {
  const { namespace } = client.options;
  const { workflowService } = connection;
  const asked = await connection.withDeadline(Date.now() + 10_000, () =>
    workflowService.pollWorkflowTaskQueue({ namespace, taskQueue: { name: taskId }, identity: 'test' }),
  );
  const fields = { result: defaultPayloadConverter.toPayload(result) ?? null };
  const remember = {
    commandType: CommandType.COMMAND_TYPE_MODIFY_WORKFLOW_PROPERTIES,
    modifyWorkflowPropertiesCommandAttributes: { upsertedMemo: { fields } },
  };
  const end = {
    commandType: CommandType.COMMAND_TYPE_COMPLETE_WORKFLOW_EXECUTION,
    completeWorkflowExecutionCommandAttributes: {},
  };
  const commands = result === undefined ? [end] : [remember, end];
  await workflowService.respondWorkflowTaskCompleted({ namespace, taskToken: asked.taskToken, identity: 'test', commands });
}

async function makeState(): Promise<string> {
  const state = await mkdtemp(join(tmpdir(), 'outlive-janitor-'));
  onTestFinished(() => rm(state, { recursive: true, force: true, maxRetries: 5 }));
  return state;
}

interface Watched extends Janitor {
  readonly lines: string[];
}

function janitorOf(state: string, retention: Terms, more: { readonly client?: Client; readonly everyMs?: number } = {}): Watched {
  const lines: string[] = [];
  const log = pino({ level: 'debug' }, { write: (line: string) => void lines.push(line) });
  const janitor = startJanitor({ state, client, retention, log, ...more });
  onTestFinished(() => janitor.stop());
  return { ...janitor, lines };
}

const tasksIn = async (state: string) => (await readdir(join(state, 'runs'))).toSorted();

describe('the janitor of a worker', () => {
  it('asks the server which tasks are closed, and how they ended', async () => {
    const state = await makeState();
    const done = await startTask('done');
    await complete(done);
    const stopped = await startTask('stopped');
    await complete(stopped, { state: 'cancelled', because: 'stopped by somebody', runs: 1 });
    const [terminated, open] = [await startTask('terminated'), await startTask('open')];
    await client.workflow.getHandle(taskWorkflowId(terminated)).terminate('by a test');
    const tasks = [done, stopped, terminated, open, unique('forgotten')];
    for (const taskId of tasks) await makeRun({ state, taskId });
    const first = await janitorOf(state, { ...NOW, otherMs: DAY_MS, diskBytes: 1e15 }).sweep();
    expect(first).toMatchObject({ dropped: [{ run: expect.stringContaining(done) }], kept: [] });
    expect(await tasksIn(state)).toEqual([stopped, terminated, open, unique('forgotten')].toSorted());
    expect((await janitorOf(state, NOW).sweep()).dropped).toHaveLength(3);
    expect(await tasksIn(state)).toEqual([open]);
    await client.workflow.getHandle(taskWorkflowId(open)).terminate('the test is over');
  });

  it('takes a task that was reset for open, though the execution of its runs is closed', async () => {
    const state = await makeState();
    const taskId = await startTask('reset');
    const before = await client.workflow.getHandle(taskWorkflowId(taskId)).describe();
    await complete(taskId);
    const { namespace } = client.options;
    const execution = { workflowId: before.workflowId, runId: before.runId };
    await connection.workflowService.resetWorkflowExecution({
      namespace,
      workflowExecution: execution,
      workflowTaskFinishEventId: 3 as never,
      requestId: unique('reset'),
    });
    await makeRun({ state, taskId, workflowRunId: before.runId });
    expect(await janitorOf(state, NOW).sweep()).toEqual({ dropped: [], kept: [], caches: [], freedBytes: 0 });
    expect(await tasksIn(state)).toEqual([taskId]);
    await client.workflow.getHandle(taskWorkflowId(taskId)).terminate('the test is over');
  });

  it('drops nothing where the server is away, or knows no such namespace', async () => {
    const state = await makeState();
    await makeRun({ state, taskId: 'fix-it' });
    const lost = new Client({ connection, namespace: 'no-such-namespace' });
    const away = new Client({ connection: Connection.lazy({ address: '127.0.0.1:1' }), namespace: 'default' });
    for (const nobody of [lost, away]) {
      const swept = await janitorOf(state, NOW, { client: nobody }).sweep();
      expect(swept).toMatchObject({ dropped: [], kept: [{ why: expect.stringMatching(/did not tell of all tasks \(task\/fix-it: /) }] });
    }
    expect(await tasksIn(state)).toEqual(['fix-it']);
  });

  it('sweeps at the start and again and again, one sweep at a time, says each in one line, and stops', async () => {
    const state = await makeState();
    await makeRun({ state, taskId: unique('first') });
    const janitor = janitorOf(state, NOW, { everyMs: 20 });
    expect(janitor.sweep()).toBe(janitor.sweep());
    await until('the first is gone', async () => (await tasksIn(state)).length === 0);
    // Made elsewhere: half a folder is a folder too, and this janitor looks all the time.
    const aside = await makeState();
    await makeRun({ state: aside, taskId: unique('second') });
    await rename(join(aside, 'runs', unique('second')), join(state, 'runs', unique('second')));
    await until('the second is gone', async () => (await tasksIn(state)).length === 0);
    await janitor.stop();
    const said = janitor.lines.length;
    const news = janitor.lines.map((line) => JSON.parse(line)).filter(({ level }) => level === 30);
    expect(news.map(({ msg }) => msg)).toEqual(
      Array(2).fill(expect.stringMatching(/^janitor: 1 run and 0 caches dropped, .* freed, 0 kept/)),
    );
    await makeRun({ state, taskId: unique('third') });
    expect((await janitor.sweep()).dropped).toEqual([]);
    expect(janitor.lines.length).toBe(said + 1);
  });

  it('drops clone and bank of a closed task and leaves those of an open one', async () => {
    const [state, origin] = [await makeState(), await makeOrigin()];
    const [closed, open] = [await startTask('closed'), await startTask('at-work')];
    await client.workflow.getHandle(taskWorkflowId(closed)).terminate('by a test');
    const runs = [];
    for (const taskId of [closed, open]) {
      const run = await makeRun({ state, origin, taskId });
      await run.commit('fix.txt', 'fixed');
      expect(await run.bankIt()).toMatchObject({ state: 'banked' });
      runs.push(run);
    }
    expect((await janitorOf(state, NOW).sweep()).dropped).toMatchObject([{ run: runs[0]?.dir.root }]);
    expect([await tasksIn(state), await origin.at(runs[0]?.ref ?? ''), await origin.at(runs[1]?.ref ?? '')]).toEqual([
      [open],
      undefined,
      expect.any(String),
    ]);
    await client.workflow.getHandle(taskWorkflowId(open)).terminate('the test is over');
  });
});
