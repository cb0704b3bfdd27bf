// The example in examples/encryption on a real server: what the server holds of a task, and who can read it.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { Client, Connection } from '@temporalio/client';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import { afterAll, beforeAll, describe, expect, inject, it, vi } from 'vitest';
import { loadConfig } from '../../src/config.ts';
import { type Connected, connectClient, connectionOptions } from '../../src/connection.ts';
import { loadDataConverter } from '../../src/data-converter.ts';
import type { TaskStatus } from '../../src/domain/contract.ts';
import { ANSWER, STATUS_QUERY, STOP_UPDATE, taskWorkflowId } from '../../src/domain/names.ts';
import type { TaskSpec } from '../../src/domain/task.ts';
import { sendUpdate } from '../../src/send-update.ts';
import { startTask } from '../../src/start-task.ts';
import { runWorker } from '../../src/worker.ts';
import { outlive } from '../cli/outside.ts';

const EXAMPLE = fileURLToPath(new URL('../../examples/encryption/', import.meta.url));
const KEY = Buffer.alloc(32, 'the key of this test').toString('base64');
const OTHER_KEY = Buffer.alloc(32, 'another key').toString('base64');
/** Each of them goes through another channel: input, memo and details, an agent's last words, an answer, a result. */
const WORDS = {
  prompt: 'prompt-kingfisher',
  title: 'title-heron',
  lastWords: 'stderr-bittern',
  note: 'note-avocet',
  content: 'content-plover',
  close: 'close-sandpiper',
  why: 'why-curlew',
};

let folder: string;
/** Reads and writes as the worker does. */
let here: Connected;
/** The same namespace without the key. */
let outside: Client;
let withKey: NodeJS.ProcessEnv;
let withoutKey: NodeJS.ProcessEnv;
let stop: () => Promise<void>;

beforeAll(async () => {
  // The codec of the worker below and of the commands in this process reads it when it is loaded.
  process.env['OUTLIVE_ENCRYPTION_KEY'] = KEY;
  folder = mkdtempSync(join(tmpdir(), 'outlive-encryption-'));
  const namespace = `encryption-${process.pid}`;
  const address = inject('temporalAddress');
  const connection = await Connection.connect({ address });
  outside = new Client({ connection, namespace });
  await connection.workflowService.registerNamespace({ namespace, workflowExecutionRetentionPeriod: { seconds: 86_400 as never } });
  await vi.waitFor(() => connection.workflowService.listWorkflowExecutions({ namespace }), { timeout: 30_000, interval: 200 });

  const file = join(folder, 'outlive.yaml');
  writeFileSync(file, `dataConverter: ${join(EXAMPLE, 'codec.mjs')}\ntiming: {heartbeat: 2s, lease: 2s, backoff: 100ms, decline: 100ms}\n`);
  withoutKey = {
    TEMPORAL_ADDRESS: address,
    TEMPORAL_NAMESPACE: namespace,
    TEMPORAL_CONFIG_FILE: join(folder, 'none.toml'),
    XDG_STATE_HOME: folder,
    OUTLIVE_LOG: 'silent',
  };
  withKey = { ...withoutKey, OUTLIVE_CONFIG: file };
  const config = await loadConfig({ env: withKey, cwd: folder });
  const target = connectionOptions(withKey);
  const dataConverter = await loadDataConverter(config);
  here = await connectClient(target, { ...(dataConverter && { dataConverter }) });
  const stopping = new AbortController();
  let running: Promise<void> | undefined;
  await new Promise<void>((ready, failed) => {
    const env = { ...process.env, ...withKey };
    const settings = { hostId: 'encryption', pools: ['default'], capacity: 4, role: 'all', config, target, env } as const;
    running = runWorker({ ...settings, onReady: () => ready(), signal: stopping.signal });
    running.catch(failed);
  });
  stop = async () => {
    stopping.abort();
    await running;
    await here.connection.close();
    await connection.close();
  };
});
afterAll(async () => {
  delete process.env['OUTLIVE_ENCRYPTION_KEY'];
  await stop?.();
  rmSync(folder, { recursive: true, force: true });
});

const FAILS_FIRST = `
  if (process.env.OUTLIVE_RUN === '1') { console.error('${WORDS.lastWords}'); process.exit(3); }
  require('node:fs').writeFileSync('report.md', '${WORDS.content}');
  console.log('${WORDS.content}');`;

const spec = (id: string): TaskSpec => ({
  id,
  title: WORDS.title,
  prompt: WORDS.prompt,
  agent: { use: 'command', argv: [process.execPath, '-e', FAILS_FIRST] },
  outputs: [{ kind: 'file', path: 'report.md' }],
  checks: [{ argv: ['grep', '-q', WORDS.content, 'report.md'] }],
});

async function untilAsked(client: Client, id: string): Promise<void> {
  const handle = client.workflow.getHandle(taskWorkflowId(id));
  await vi.waitFor(async () => expect((await handle.query<TaskStatus>(STATUS_QUERY)).question).toBeDefined(), { timeout: 15_000 });
}

const answer = (id: string, choice: string, note: string) =>
  here.client.workflow.getHandle(taskWorkflowId(id)).executeUpdate(ANSWER, { args: [{ choice, note, by: 'ana' }] });

/** Everything that the server holds of a task, as text: what stands in its history and description, and what is in base64 there. */
async function heldByServer(id: string): Promise<string> {
  const handle = outside.workflow.getHandle(taskWorkflowId(id));
  const { namespace } = outside.options;
  const execution = { workflowId: handle.workflowId };
  const description = await outside.workflowService.describeWorkflowExecution({ namespace, execution });
  const json = `${historyToJSON(await handle.fetchHistory())}${JSON.stringify(description)}`;
  const inBase64 = [...json.matchAll(/"([A-Za-z0-9+/=]{12,})"/g)].map(([, text]) => Buffer.from(text ?? '', 'base64').toString('latin1'));
  return `${json}\n${inBase64.join('\n')}`;
}

const UNREADABLE =
  'The answer is encoded (binary/encrypted): this command has no dataConverter. ' +
  'Name the one of the workers in outlive.yaml, or say with OUTLIVE_CONFIG where that file is.\n';

const told = (text: string): string[] => Object.values(WORDS).filter((word) => text.includes(word));

/** A command in a process of its own, because keys are read once in a process. */
async function inOwnProcess(args: readonly string[], env: NodeJS.ProcessEnv) {
  const main = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));
  const child = spawn(process.execPath, ['--import', 'tsx', main, ...args], {
    env: { PATH: process.env['PATH'], ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const [stdout, stderr, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
  return { code, stdout, stderr };
}

describe('a task under encryption', () => {
  it('is worked on, asks and is answered as ever, and the server holds no word of it', async () => {
    await startTask(here.client, spec('secret'));
    await untilAsked(here.client, 'secret');
    const metadata = await here.client.workflow
      .getHandle(taskWorkflowId('secret'))
      .query<{ currentDetails: string }>('__temporal_workflow_metadata');
    expect(metadata.currentDetails).toContain(WORDS.lastWords);
    await answer('secret', 'retry', WORDS.note);
    await here.client.workflow.getHandle(taskWorkflowId('secret')).result();

    const described = await here.client.workflow.getHandle(taskWorkflowId('secret')).describe();
    expect(described.memo).toMatchObject({ title: WORDS.title });
    expect(await described.staticSummary()).toBe(WORDS.title);
    expect(await described.staticDetails()).toContain(WORDS.prompt);
    expect(told(await heldByServer('secret'))).toEqual([]);
  });

  it('is told in full to a command that has the converter', async () => {
    const { code, stdout } = await outlive(['show', 'secret'], { env: withKey });
    expect(code).toBe(0);
    expect(told(stdout)).toEqual(expect.arrayContaining([WORDS.title, WORDS.lastWords, WORDS.note]));
    expect((await outlive(['list', '--json'], { env: withKey })).stdout).toContain(WORDS.title);
  });

  it('lets the server see ids, types, queues and search attributes, and nothing says otherwise', async () => {
    const text = await heldByServer('secret');
    for (const word of ['task/secret', 'unknown.unclassified', 'runs.default', 'Encoded failure']) expect(text).toContain(word);
  });

  it('hides why a workflow failed, which the workflow itself says', async () => {
    await startTask(here.client, spec('closed'));
    await untilAsked(here.client, 'closed');
    await answer('closed', 'close', WORDS.close);
    await expect(here.client.workflow.getHandle(taskWorkflowId('closed')).result()).rejects.toThrow();
    expect(told(await heldByServer('closed'))).toEqual([]);
    expect((await outlive(['show', 'closed'], { env: withKey })).stdout).toContain(WORDS.close);
  });

  it('hides the heartbeats of a run, and the result that a stopped task leaves in its memo', async () => {
    const forever = { use: 'command', argv: [process.execPath, '-e', 'setInterval(() => {}, 1000)'] } as const;
    await startTask(here.client, { ...spec('stopped'), agent: forever });
    const handle = outside.workflow.getHandle(taskWorkflowId('stopped'));
    const raw = async () => {
      const execution = { workflowId: handle.workflowId };
      return outside.workflowService.describeWorkflowExecution({ namespace: outside.options.namespace, execution });
    };
    const beat = await vi.waitFor(async () => {
      const [payload] = (await raw()).pendingActivities?.flatMap(({ heartbeatDetails }) => heartbeatDetails?.payloads ?? []) ?? [];
      return payload ?? Promise.reject(new Error('no heartbeat yet'));
    }, 15_000);
    expect(Buffer.from(beat.metadata?.['encoding'] ?? []).toString()).toBe('binary/encrypted');

    await sendUpdate(here.client.workflow.getHandle(handle.workflowId), STOP_UPDATE, { why: WORDS.why, by: 'ana' });
    await vi.waitFor(async () => expect((await raw()).workflowExecutionInfo?.closeTime).toBeTruthy(), 15_000);
    expect(told(await heldByServer('stopped'))).toEqual([]);
    expect((await outlive(['show', 'stopped'], { env: withKey })).stdout).toContain(WORDS.why);
  });

  it('is worked on and shown as well where it was started without encryption', async () => {
    await startTask(outside, spec('plain'));
    await untilAsked(here.client, 'plain');
    await answer('plain', 'retry', WORDS.note);
    await here.client.workflow.getHandle(taskWorkflowId('plain')).result();
    const { code, stdout } = await outlive(['show', 'plain'], { env: withKey });
    expect({ code, stdout }).toEqual({ code: 0, stdout: expect.stringContaining(WORDS.note) });
    // What this test looks for in the others is found where it is.
    expect(told(await heldByServer('plain'))).toEqual([WORDS.prompt, WORDS.title, WORDS.lastWords, WORDS.content]);
  });
});

describe('a command without what decodes', () => {
  it.each([[['show', 'secret']], [['show', 'plain']], [['list']], [['answer', 'secret', 'retry']], [['stop', 'secret']]])(
    '%j says that the answer is encoded and where to name the converter',
    async (args) => {
      expect(await outlive(args, { env: withoutKey })).toEqual({ code: 2, stdout: '', stderr: UNREADABLE });
    },
  );

  it('does not wait for ever for a task that it cannot ask', async () => {
    const stdin = JSON.stringify(spec('waited-for'));
    const { code, stderr } = await outlive(['submit', '-', '--wait', '--timeout', '15s'], { stdin, env: withoutKey });
    // A command that is quick says that it waits before it learns that it cannot.
    expect({ code, stderr: stderr.replace(/^Waiting until [^\n]*\n/, '') }).toEqual({ code: 2, stderr: UNREADABLE });
  });

  it('says it in JSON too, and says another thing where the configuration has no converter', async () => {
    const file = join(folder, 'no-converter.yaml');
    writeFileSync(file, 'timing: {heartbeat: 5s}\n');
    const { code, stdout } = await outlive(['show', 'secret', '--json'], { env: { ...withoutKey, OUTLIVE_CONFIG: file } });
    expect(code).toBe(2);
    expect(JSON.parse(stdout)).toEqual({
      error: { code: 'encoded', message: expect.stringContaining(`Name the one of the workers in ${file}.`) },
    });
  });

  it('names the key that it lacks, and reads with it once it is among the old ones', async () => {
    const show = (keys: NodeJS.ProcessEnv) => inOwnProcess(['show', 'secret'], { ...withKey, ...keys });
    const [none, other, rotated] = await Promise.all([
      show({}),
      show({ OUTLIVE_ENCRYPTION_KEY: OTHER_KEY }),
      show({ OUTLIVE_ENCRYPTION_KEY: OTHER_KEY, OUTLIVE_ENCRYPTION_OLD_KEYS: KEY }),
    ]);
    expect(none).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining('OUTLIVE_ENCRYPTION_KEY is not set') });
    expect(other).toMatchObject({ code: 2, stdout: '' });
    expect(other.stderr).toMatch(/could not decode what the server holds: .* the key [0-9a-f]{8}, .* OUTLIVE_ENCRYPTION_OLD_KEYS/);
    expect(rotated).toMatchObject({ code: 0, stdout: expect.stringContaining(WORDS.lastWords) });
  });
});
