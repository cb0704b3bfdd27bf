// What agents wrote, read on their host and from another machine, while they write and afterwards.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, inject, it, vi } from 'vitest';
import { runCli } from '../../src/cli/program.ts';
import { CONTROL_QUEUE, READ_LOG_WORKFLOW, taskWorkflowId } from '../../src/domain/names.ts';
import { outlive } from '../cli/outside.ts';
import { type SmallFleet, startSmallFleet, WORK } from './small-fleet.ts';

const SECRET = 'correct-horse-battery-staple';

let fleet: SmallFleet;
/** On the machine of the fleet's host. */
let here: NodeJS.ProcessEnv;
/** On a machine that has nothing of it. */
let elsewhere: NodeJS.ProcessEnv;

beforeAll(async () => {
  // Known to the worker, and so to its redaction.
  process.env['STAPLE_TOKEN'] = SECRET;
  fleet = await startSmallFleet('logs', { lease: '1m' });
  const env = {
    TEMPORAL_ADDRESS: inject('temporalAddress'),
    TEMPORAL_NAMESPACE: fleet.client.options.namespace,
    TEMPORAL_CONFIG_FILE: join(fleet.folder, 'none.toml'),
  };
  here = { ...env, XDG_STATE_HOME: fleet.folder };
  elsewhere = { ...env, XDG_STATE_HOME: join(fleet.folder, 'elsewhere') };
});
afterAll(() => {
  delete process.env['STAPLE_TOKEN'];
  return fleet?.stop();
});

const PLACES: readonly ['here' | 'elsewhere', string][] = [
  ['here', "on the run's host"],
  ['elsewhere', 'from another machine'],
];
const at = (place: 'here' | 'elsewhere'): NodeJS.ProcessEnv => (place === 'here' ? here : elsewhere);

/** A command that is still at work, and what it has said so far. */
function follow(args: readonly string[], env: NodeJS.ProcessEnv) {
  const said = { out: '', err: '' };
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  stdout.on('data', (chunk) => {
    said.out += chunk;
  });
  stderr.on('data', (chunk) => {
    said.err += chunk;
  });
  return { said, ended: runCli(['logs', ...args], { stdin: Readable.from([]), stdout, stderr, env }) };
}

const main = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));
const spawned = (args: readonly string[], env: NodeJS.ProcessEnv) =>
  spawn(process.execPath, ['--import', 'tsx', main, 'logs', ...args], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });

/** Shell that waits until the test makes the file. */
const untilThere = (file: string): string => `while [ ! -e ${join(fleet.folder, file)} ]; do sleep 0.05; done`;
const make = (file: string): void => writeFileSync(join(fleet.folder, file), '');
const done = (id: string) => fleet.handle(id).result();

describe.each(PLACES)('read %s (%s)', (place) => {
  const env = () => at(place);

  it('are what the agent wrote, each stream in its own', async () => {
    await fleet.start(`two-streams-${place}`, `echo out; echo bad >&2; printf 'no line end'; ${WORK}`);
    await done(`two-streams-${place}`);
    expect(await outlive(['logs', `two-streams-${place}`], { env: env() })).toEqual({
      code: 0,
      stdout: 'out\nno line end',
      stderr: 'bad\n',
    });
  });

  it('are those of the newest run, or of the one that is named', async () => {
    const id = `two-runs-${place}`;
    await fleet.start(id, 'echo first; kill -9 $$', `echo second; ${WORK}`);
    await done(id);
    expect((await outlive(['logs', id], { env: env() })).stdout).toBe('second\n');
    expect((await outlive(['logs', id, '--run', '1'], { env: env() })).stdout).toBe('first\n');
    expect(await outlive(['logs', id, '--run', '3'], { env: env() })).toEqual({
      code: 2,
      stdout: '',
      stderr: `${id} has no run 3: there are runs 1 to 2.\n`,
    });
  });

  it('are one JSON object a line where that is asked for', async () => {
    const id = `json-${place}`;
    await fleet.start(id, `echo one; echo two; echo bad >&2; ${WORK}`);
    await done(id);
    const { code, stdout } = await outlive(['logs', id, '--json'], { env: env() });
    const lines = stdout.trimEnd().split('\n');
    expect(code).toBe(0);
    expect(lines.map((line) => JSON.parse(line))).toEqual([
      { run: 1, stream: 'stdout', text: 'one' },
      { run: 1, stream: 'stdout', text: 'two' },
      { run: 1, stream: 'stderr', text: 'bad' },
    ]);
  });

  it('come as they are written, run after run, until the task is closed', async () => {
    const id = `followed-${place}`;
    await fleet.start(
      id,
      `echo one; ${untilThere(`${id}-2`)}; echo two; ${untilThere(`${id}-3`)}; kill -9 $$`,
      `echo three; ${untilThere(`${id}-4`)}; echo four; ${WORK}`,
    );
    await vi.waitFor(async () => expect((await fleet.status(id)).runs).toHaveLength(1), { timeout: 10_000 });
    const { said, ended } = follow([id, '-f'], env());
    // Each is seen before the agent goes on, so it did not wait for an end.
    await vi.waitFor(() => expect(said.out).toBe('one\n'), { timeout: 10_000 });
    make(`${id}-2`);
    await vi.waitFor(() => expect(said.out).toBe('one\ntwo\n'), { timeout: 10_000 });
    make(`${id}-3`);
    await vi.waitFor(() => expect(said.out).toBe('one\ntwo\nthree\n'), { timeout: 15_000 });
    make(`${id}-4`);
    expect(await ended).toBe(0);
    expect(said.out).toBe('one\ntwo\nthree\nfour\n');
    expect(said.err.split('\n').slice(0, 3)).toEqual(['run 1 on logs', 'run 2 on logs', expect.stringContaining(`${id} is done: `)]);
  }, 60_000);

  it('end where the task asks', async () => {
    const id = `asks-${place}`;
    await fleet.start(id, 'echo stuck; exit 3');
    const { said, ended } = follow([id, '--follow', '--json'], env());
    expect(await ended).toBe(0);
    expect(said.out).toBe(`${JSON.stringify({ run: 1, stream: 'stdout', text: 'stuck' })}\n`);
    expect(said.err).toContain(`${id} asks: `);
    expect(said.err).toContain(`outlive show ${id}`);
  });

  it('of several MB begin at a line of their last MiB, and say what is left out', async () => {
    const id = `large-${place}`;
    await fleet.start(id, `seq 1000000 1300000; ${WORK}`);
    await done(id);
    const { code, stdout, stderr } = await outlive(['logs', id], { env: env() });
    const lines = stdout.trimEnd().split('\n').map(Number);
    expect({ code, last: lines.at(-1) }).toEqual({ code: 0, last: 1_300_000 });
    expect(lines).toEqual(Array.from(lines, (_, place) => (lines[0] ?? 0) + place));
    expect(stdout.length).toBeGreaterThan(1024 * 1024 - 8);
    expect(stdout.length).toBeLessThanOrEqual(1024 * 1024);
    const folder = readdirSync(join(fleet.folder, 'outlive', 'logs', 'runs', id))[0];
    expect(stderr).toContain(`The first ${300_001 * 8 - stdout.length} bytes of stdout are left out.`);
    expect(stderr).toContain(join('runs', id, folder ?? ''));
  });
});

describe('where there is no log', () => {
  it('it is said why, and how to wait for one', async () => {
    await fleet.start('nobody-takes-it', WORK, WORK, { pool: 'no-such-pool' });
    await vi.waitFor(async () => expect((await fleet.status('nobody-takes-it')).runs).toHaveLength(1), { timeout: 10_000 });
    const { code, stderr } = await outlive(['logs', 'nobody-takes-it'], { env: here });
    expect({ code, stderr }).toEqual({ code: 1, stderr: 'No host has taken run 1 yet, so there is no log.\n' });
  });

  it('because the agent wrote nothing, that is said', async () => {
    await fleet.start('says-nothing', WORK);
    await done('says-nothing');
    const stderr = 'The agent of run 1 wrote nothing. What became of it: outlive show says-nothing\n';
    expect(await outlive(['logs', 'says-nothing'], { env: here })).toEqual({ code: 0, stdout: '', stderr });
    expect(await outlive(['logs', 'says-nothing'], { env: elsewhere })).toEqual({ code: 0, stdout: '', stderr });
  });

  it('and no such run either, the ones that are there are named', async () => {
    const { code, stderr } = await outlive(['logs', 'nobody-takes-it', '--run', '7', '-f'], { env: here });
    expect({ code, stderr }).toEqual({ code: 2, stderr: 'nobody-takes-it has no run 7: there is only run 1.\n' });
  });

  it('a task that was closed before its first run says so', async () => {
    await fleet.client.workflow.start('task', {
      workflowId: taskWorkflowId('no-spec'),
      taskQueue: CONTROL_QUEUE,
      args: [{ id: 'no-spec' }],
    });
    await done('no-spec').catch(() => {});
    const { code, stderr } = await outlive(['logs', 'no-spec', '-f'], { env: here });
    expect({ code, stderr }).toEqual({ code: 1, stderr: 'no-spec has no run yet, so there is no log. It ended as failed without one.\n' });
  });

  it('because the folder was removed, that is said', async () => {
    await fleet.start('swept', WORK);
    await done('swept');
    rmSync(join(fleet.folder, 'outlive', 'logs', 'runs', 'swept'), { recursive: true });
    const { code, stdout } = await outlive(['logs', 'swept', '--json'], { env: elsewhere });
    expect({ code, ...JSON.parse(stdout) }).toEqual({
      code: 1,
      error: { code: 'log_gone', message: expect.stringContaining('no longer on host logs') },
    });
  });

  it('because the server does not know the task, what lies here of it is named', async () => {
    const folder = join(fleet.folder, 'outlive', 'logs', 'runs', 'forgotten');
    mkdirSync(folder, { recursive: true });
    const { code, stdout } = await outlive(['logs', 'forgotten', '--json'], { env: here });
    expect({ code, ...JSON.parse(stdout) }).toEqual({
      code: 1,
      error: { code: 'not_found', message: expect.stringContaining(`Logs of it lie here: ${folder}`) },
    });
    expect((await outlive(['logs', 'forgotten'], { env: elsewhere })).stderr).toMatch(/^There is no task "forgotten" at .* shows all\.\n$/);
  });
});

describe('a host', () => {
  it('that takes the first run late is waited for, and its log is read on', async () => {
    await fleet.start('late', `echo here at last; ${WORK}`, WORK, { pool: 'late' });
    const { said, ended } = follow(['late', '-f'], elsewhere);
    const host = await fleet.startHost('late-host', 'late');
    try {
      expect(await ended).toBe(0);
    } finally {
      await host.end('SIGTERM');
    }
    expect(said.out).toBe('here at last\n');
  }, 60_000);

  it('whose worker is started again goes on giving the log of the run that lives on', async () => {
    const first = await fleet.startHost('moves', 'moves');
    await fleet.start('survives', `echo one; ${untilThere('survives-2')}; echo two; ${WORK}`, WORK, { pool: 'moves' });
    const { said, ended } = follow(['survives', '-f'], elsewhere);
    await vi.waitFor(() => expect(said.out).toBe('one\n'), { timeout: 15_000 });
    await first.end('SIGTERM');
    const second = await fleet.startHost('moves', 'moves');
    try {
      make('survives-2');
      expect(await ended).toBe(0);
    } finally {
      await second.end('SIGTERM');
    }
    expect(said.out).toBe('one\ntwo\n');
    expect((await fleet.status('survives')).runs).toHaveLength(1);
  }, 60_000);

  it('that is gone is named, with the place where the log lies', async () => {
    const host = await fleet.startHost('gone-host', 'gone');
    await fleet.start('on-gone', `echo x; ${WORK}`, WORK, { pool: 'gone' });
    await done('on-gone');
    await host.end('SIGTERM');
    expect((await outlive(['logs', 'on-gone'], { env: here })).stdout).toBe('x\n');
    const { code, stdout } = await outlive(['logs', 'on-gone', '--json'], { env: elsewhere });
    const { error } = JSON.parse(stdout);
    expect({ code, error }).toEqual({
      code: 1,
      error: { code: 'host_silent', message: expect.stringContaining('Host gone-host does not answer') },
    });
    expect(error.message).toMatch(/runs\/on-gone\/1-[0-9a-f]{8} of the host's state folder/);
  }, 60_000);

  it('gives no secret that it knows away', async () => {
    await fleet.start('talks', `echo the token is ${SECRET}; ${WORK}`);
    await done('talks');
    expect((await outlive(['logs', 'talks'], { env: elsewhere })).stdout).toBe('the token is [redacted]\n');
  });

  it.each([
    ['a path for a task', { task: '../../..' }],
    ['a path for a workflow run', { workflowRunId: '../../../../etc' }],
    ['the queue of somebody else', { host: 'a/b' }],
    ['nothing', undefined],
  ])('is not asked about %s', async (_, change) => {
    const ask = { task: 'talks', workflowRunId: '0198c0de-1111-7000-8000-000000000000', n: 1, waitMs: 0, host: 'logs' };
    const workflowId = `logs/refused/${Math.random()}`;
    const args = [change && { ...ask, ...change }];
    await expect(fleet.client.workflow.execute(READ_LOG_WORKFLOW, { workflowId, taskQueue: CONTROL_QUEUE, args })).rejects.toMatchObject({
      cause: { type: 'log.refused' },
    });
  });
});

describe('a reader', () => {
  it('may stop reading: that is no error', async () => {
    await fleet.start('much', `seq 1 200000; ${WORK}`);
    await done('much');
    const child = spawned(['much'], here);
    let err = '';
    child.stderr.on('data', (chunk) => {
      err += chunk;
    });
    await once(child.stdout, 'data');
    child.stdout.destroy();
    expect(await once(child, 'exit')).toEqual([0, null]);
    expect(err).not.toMatch(/EPIPE|fault/);
  });

  it('who presses Ctrl-C ends it with 130 and without a word', async () => {
    await fleet.start('living', `echo alive; ${untilThere('living-ends')}; ${WORK}`);
    const child = spawned(['living', '-f'], elsewhere);
    let err = '';
    child.stderr.on('data', (chunk) => {
      err += chunk;
    });
    await once(child.stdout, 'data');
    child.kill('SIGINT');
    expect(await once(child, 'exit')).toEqual([130, null]);
    expect(err).toBe('run 1 on logs\n');
    make('living-ends');
    await done('living');
  });

  it('at a terminal gets the colours of an agent, and none of its orders to the terminal', async () => {
    await fleet.start('paints', `printf '\\033[31mred\\033[0m \\033]0;owned\\007\\033[2Jgone\\r\\n'; ${WORK}`);
    await done('paints');
    const stdout = Object.assign(new PassThrough(), { isTTY: true });
    let shown = '';
    stdout.on('data', (chunk) => {
      shown += chunk;
    });
    expect(await runCli(['logs', 'paints'], { stdin: Readable.from([]), stdout, stderr: new PassThrough(), env: here })).toBe(0);
    expect(shown).toBe('\u001b[31mred\u001b[0m ]0;owned[2Jgone\n');
    expect((await outlive(['logs', 'paints'], { env: here })).stdout).toBe('\u001b[31mred\u001b[0m \u001b]0;owned\u0007\u001b[2Jgone\r\n');
  });
});

describe('where no worker is up', () => {
  it('it is said where the log lies, as fast as that is known', async () => {
    const other = await startSmallFleet('logs-left');
    await other.start('left', `echo x; ${WORK}`);
    await other.handle('left').result();
    const env = { ...elsewhere, TEMPORAL_NAMESPACE: other.client.options.namespace };
    await other.stop();
    const { code, stdout } = await outlive(['logs', 'left', '--json'], { env });
    const { error } = JSON.parse(stdout);
    expect({ code, error }).toEqual({ code: 1, error: { code: 'no_worker', message: expect.stringContaining('outlive worker') } });
    expect(error.message).toMatch(/It lies in runs\/left\/1-[0-9a-f]{8} of the state folder of host logs-left\.$/);
  }, 60_000);
});
