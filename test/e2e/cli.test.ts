// Every command that needs a server, against a real one: in a namespace with a worker, and in one where nobody works.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Connection } from '@temporalio/client';
import { afterAll, beforeAll, describe, expect, inject, it, vi } from 'vitest';
import { freePort } from '../../src/dev-server/ports.ts';
import { taskWorkflowId } from '../../src/domain/names.ts';
import { outlive } from '../cli/outside.ts';
import { type SmallFleet, startSmallFleet } from './small-fleet.ts';

let fleet: SmallFleet;
/** Where the fleet works. */
let here: NodeJS.ProcessEnv;
/** A namespace that nobody works in. */
let nobody: NodeJS.ProcessEnv;

beforeAll(async () => {
  fleet = await startSmallFleet('cli');
  here = environment(fleet.client.options.namespace);
  const namespace = `cli-nobody-${process.pid}`;
  nobody = environment(namespace);
  const connection = await Connection.connect({ address: inject('temporalAddress') });
  await connection.workflowService.registerNamespace({ namespace, workflowExecutionRetentionPeriod: { seconds: 86_400 as never } });
  await connection.close();
  await vi.waitFor(async () => expect((await outlive(['list'], { env: nobody })).code).toBe(0), { timeout: 30_000, interval: 200 });
});
afterAll(() => fleet?.stop());

const environment = (namespace: string): NodeJS.ProcessEnv => ({
  TEMPORAL_ADDRESS: inject('temporalAddress'),
  TEMPORAL_NAMESPACE: namespace,
  TEMPORAL_CONFIG_FILE: join(fleet.folder, 'none.toml'),
  XDG_STATE_HOME: fleet.folder,
  USER: 'ana',
});

const WRITES = "require('node:fs').writeFileSync('report.md', 'done')";
const GIVES_UP = "console.error('I do not know how'); process.exit(3)";

/** The text of a task whose agent is one line of JavaScript. */
const spec = (id: string, script: string, more: object = {}): string =>
  JSON.stringify({
    id,
    title: `The task ${id}`,
    owner: 'web-team',
    prompt: 'Write the report.',
    agent: { use: 'command', argv: [process.execPath, '-e', script] },
    outputs: [{ kind: 'file', path: 'report.md' }],
    ...more,
  });

async function json(args: readonly string[], options: { stdin?: string; env?: NodeJS.ProcessEnv } = {}) {
  const { code, stdout } = await outlive([...args, '--json'], { env: here, ...options });
  const [line = '', ...rest] = stdout.trim().split('\n');
  expect(rest).toEqual([]);
  return { code, body: JSON.parse(line) };
}

const rowsOf = async (...filter: readonly string[]): Promise<readonly { readonly id: string }[]> => (await json(['list', ...filter])).body;

describe('submit', () => {
  it('follows a task to its end', async () => {
    const { code, body } = await json(['submit', '-', '--wait'], { stdin: spec('report', WRITES) });
    expect({ code, body }).toMatchObject({
      code: 0,
      body: { id: 'report', workflowId: 'task/report', started: true, state: 'done', result: { runs: 1 } },
    });
  });

  it('starts nothing the second time, and says so', async () => {
    const first = await json(['submit', '-'], { stdin: spec('twice', WRITES) });
    const second = await json(['submit', '-'], { stdin: spec('twice', WRITES) });
    expect([first, second]).toEqual([
      { code: 0, body: { id: 'twice', workflowId: 'task/twice', started: true } },
      { code: 0, body: { id: 'twice', workflowId: 'task/twice', started: false } },
    ]);
  });

  it('refuses another task under the same id, and names the difference', async () => {
    await outlive(['submit', '-'], { stdin: spec('taken', WRITES), env: here });
    const { code, stdout, stderr } = await outlive(['submit', '-'], { stdin: spec('taken', WRITES, { pool: 'gpu' }), env: here });
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toContain('pool: "default" → "gpu"');
  });

  it('knows the same task again that a bare Temporal client has started', async () => {
    const text = spec('bare', WRITES);
    await fleet.client.workflow.start('task', { workflowId: taskWorkflowId('bare'), taskQueue: 'outlive', args: [JSON.parse(text)] });
    expect((await json(['submit', '-'], { stdin: text })).body).toMatchObject({ started: false });
    expect((await json(['submit', '-'], { stdin: spec('bare', GIVES_UP) })).body).toMatchObject({ error: { code: 'different_spec' } });
  });

  it('ends at a question with 4 and the exact commands that answer it', async () => {
    const { code, stdout } = await outlive(['submit', '-', '--wait'], { stdin: spec('asks', GIVES_UP), env: here });
    expect(code).toBe(4);
    expect(stdout).toContain('unknown.unclassified');
    expect(stdout).toContain('outlive answer asks retry');
  });

  it('ends with 1 when its time is up, and the task goes on', async () => {
    const stdin = spec('slow', WRITES, { pool: 'no-such-pool' });
    const { code, body } = await json(['submit', '-', '--wait', '--timeout', '500ms'], { stdin });
    expect({ code, body }).toMatchObject({ code: 1, body: { error: { code: 'wait_timeout' } } });
    expect((await json(['show', 'slow'])).body).toMatchObject({ state: 'queued', runs: [{ n: 1 }] });
  });
});

describe('show and list', () => {
  it('show a run that no host has taken as queued, in both', async () => {
    await outlive(['submit', '-'], { stdin: spec('waits', WRITES, { pool: 'no-such-pool' }), env: here });
    await vi.waitFor(async () => expect((await rowsOf('--state', 'queued')).map(({ id }) => id)).toContain('waits'), { timeout: 10_000 });
    const { stdout } = await outlive(['show', 'waits'], { env: here });
    expect(stdout).toContain('state  queued');
    expect(stdout).toContain('no host has taken it yet');
  });

  it('list by state, owner and number of runs', async () => {
    await outlive(['submit', '-', '--wait'], { stdin: spec('listed', WRITES, { owner: "o'neil" }), env: here });
    const row = { id: 'listed', title: 'The task listed', state: 'done', owner: "o'neil", runs: 1, since: expect.any(String) };
    await vi.waitFor(async () => expect(await rowsOf('--owner', "o'neil", '--state', 'done', '--min-runs', '1')).toEqual([row]), {
      timeout: 10_000,
    });
    expect(await rowsOf('--owner', "o'neil", '--min-runs', '2')).toEqual([]);
  });

  it('show a task that was terminated from outside as what it is', async () => {
    await outlive(['submit', '-'], { stdin: spec('terminated', WRITES, { pool: 'no-such-pool' }), env: here });
    await vi.waitFor(async () => expect((await json(['show', 'terminated'])).body.state).toBe('queued'), { timeout: 10_000 });
    await fleet.client.workflow.getHandle(taskWorkflowId('terminated')).terminate('cleaned up by hand');
    const { code, stdout, stderr } = await outlive(['show', 'terminated'], { env: here });
    expect(code).toBe(0);
    expect(stdout).toContain('state  cancelled');
    expect(stderr).toContain('cleaned up by hand');
  });

  it('show the complaints where a bare client has sent no spec', async () => {
    await fleet.client.workflow.start('task', { workflowId: taskWorkflowId('no-spec'), taskQueue: 'outlive', args: [{ id: 'no-spec' }] });
    await vi.waitFor(async () => expect((await json(['show', 'no-spec'])).body.state).toBe('failed'), { timeout: 10_000 });
    expect((await outlive(['show', 'no-spec'], { env: here })).stderr).toContain('outputs');
  });

  it.each([[['show', 'unknown']], [['answer', 'unknown', 'retry']], [['stop', 'unknown']]])(
    '%j says that there is no such task',
    async (args) => {
      expect(await json(args)).toMatchObject({
        code: 1,
        body: { error: { code: 'not_found', message: expect.stringContaining('"unknown"') } },
      });
    },
  );
});

describe('answer and stop', () => {
  const ask = (id: string) => outlive(['submit', '-', '--wait'], { stdin: spec(id, GIVES_UP), env: here });

  it('give an answer in the name of whoever is logged in, and the task obeys', async () => {
    await ask('closed');
    const { code, body } = await json(['answer', 'closed', 'close', '--note', 'not worth it']);
    expect({ code, body }).toMatchObject({
      code: 0,
      body: { id: 'closed', by: 'update', answer: { question: 'q1', choice: 'close', note: 'not worth it', by: 'ana' } },
    });
    expect(await json(['submit', '-', '--wait'], { stdin: spec('closed', GIVES_UP) })).toMatchObject({
      code: 1,
      body: { state: 'failed' },
    });
    expect((await json(['show', 'closed'])).body).toMatchObject({ state: 'failed', result: { state: 'failed', runs: 1 } });
    expect((await json(['answer', 'closed', 'retry'])).body).toMatchObject({ error: { code: 'closed' } });
  });

  it('print the refusal of an answer that the task does not take', async () => {
    await ask('refuses');
    const { code, stderr } = await outlive(['answer', 'refuses', 'retry', '--question', 'q9'], { env: here });
    expect(code).toBe(1);
    expect(stderr).toContain('q9 is not open; q1 is');
  });

  it('stop a task with the reason on record', async () => {
    await ask('stopped');
    expect(await json(['stop', 'stopped', '--why', 'no longer wanted'])).toMatchObject({ code: 0, body: { by: 'update' } });
    await vi.waitFor(async () => expect((await rowsOf('--state', 'cancelled')).map(({ id }) => id)).toContain('stopped'), {
      timeout: 10_000,
    });
    expect((await json(['show', 'stopped'])).body.result.because).toBe('stopped by ana: no longer wanted');
  });
});

describe('report', () => {
  it('says what happened since, in words and as JSON', async () => {
    await json(['submit', '-', '--wait'], { stdin: spec('reported', WRITES) });
    const { body } = await json(['report', '--since', '1h']);
    expect(body).toMatchObject({
      tasks: { done: expect.any(Number) },
      runs: { ended: expect.any(Number) },
      since: expect.stringMatching(/^20/),
    });
    expect(body.tasks.done).toBeGreaterThan(0);
    const { stdout, code } = await outlive(['report'], { env: here });
    expect(code).toBe(0);
    expect(stdout).toMatch(/the last 12 h[\s\S]*tasks +\d+ done[\s\S]*wasted/);
  });
});

describe('where no worker is', () => {
  it('a task is shown from its history, and takes an answer and a stop for later', async () => {
    for (const id of ['shown', 'answered', 'ended']) await outlive(['submit', '-'], { stdin: spec(id, WRITES), env: nobody });
    // Each finds out within some seconds that nobody answers.
    const [shown, answered, ended] = await Promise.all([
      outlive(['show', 'shown'], { env: nobody }),
      json(['answer', 'answered', 'retry'], { env: nobody }),
      json(['stop', 'ended'], { env: nobody }),
    ]);
    expect({ code: shown.code, state: /state\s+(\w+)/.exec(shown.stdout)?.[1] }).toEqual({ code: 0, state: 'queued' });
    expect(shown.stderr).toContain('outlive worker');
    expect(answered).toMatchObject({ code: 0, body: { by: 'signal' } });
    expect(ended).toMatchObject({ code: 0, body: { by: 'cancel' } });
  });

  it('a report is told from the histories, and says so', async () => {
    const { code, stdout, stderr } = await outlive(['report'], { env: nobody });
    expect({ code, stdout }).toMatchObject({ code: 0, stdout: expect.stringContaining('3 at work') });
    expect(stderr).toContain('told from histories');
  });

  it('the doctor says so, and how to start one', async () => {
    const { code, stdout } = await outlive(['doctor'], { env: nobody });
    expect(code).toBe(1);
    expect(stdout).toMatch(/bad +control +no worker moves tasks on/);
    expect(stdout).toContain('outlive up');
  });

  it('and where one is, the doctor names it', async () => {
    const { body } = await json(['doctor']);
    const states = Object.fromEntries(body.findings.map(({ name, state }: { name: string; state: string }) => [name, state]));
    expect(states).toMatchObject({ server: 'ok', 'search attributes': 'ok', control: 'ok', 'pool default': 'ok' });
  });
});

describe('up', () => {
  it('brings a server and a worker where there is none, takes a task, and leaves nothing running', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'outlive-up-'));
    const env = {
      ...process.env,
      TEMPORAL_ADDRESS: `127.0.0.1:${await freePort()}`,
      TEMPORAL_CONFIG_FILE: join(folder, 'none.toml'),
      XDG_STATE_HOME: folder,
    };
    const main = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));
    const up = spawn(process.execPath, ['--import', 'tsx', main, 'up', '--host-id', 'alone'], { env, stdio: ['ignore', 'pipe', 'pipe'] });
    const gone = once(up, 'exit');
    const said = { out: '', err: '' };
    up.stdout.on('data', (chunk) => {
      said.out += chunk;
    });
    up.stderr.on('data', (chunk) => {
      said.err += chunk;
    });
    try {
      await vi.waitUntil(() => said.out.includes('outlive show ID') || up.exitCode !== null, { timeout: 60_000 });
      expect(said).toEqual({
        out: expect.stringContaining(`ready host=alone pools=default server=${env.TEMPORAL_ADDRESS}`),
        err: expect.any(String),
      });
      expect(said.out).toMatch(/web ui {2}http:\/\/127\.0\.0\.1:\d+/);
      expect(await json(['submit', '-', '--wait'], { stdin: spec('first', WRITES), env })).toMatchObject({
        code: 0,
        body: { state: 'done' },
      });
    } finally {
      up.kill('SIGTERM');
      expect(await gone).toEqual([0, null]);
      rmSync(folder, { recursive: true });
    }
    expect((await outlive(['list'], { env })).code).toBe(3);
  }, 90_000);
});
