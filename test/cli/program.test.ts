import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freePort } from '../../src/dev-server/ports.ts';
import { outlive } from './outside.ts';

let folder: string;
/** An address where nothing listens, and no profile of whoever runs the tests. */
let nowhere: NodeJS.ProcessEnv;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'outlive-cli-'));
  nowhere = { TEMPORAL_ADDRESS: `127.0.0.1:${await freePort()}`, TEMPORAL_CONFIG_FILE: join(folder, 'none.toml') };
});
afterAll(() => rm(folder, { recursive: true }));

describe('the command line', () => {
  it('prints help with examples and exit codes', async () => {
    const { code, stdout, stderr } = await outlive(['--help']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    for (const word of ['Examples:', 'outlive submit task.yaml --wait', 'Exit codes:', '4  --wait ended at a question'])
      expect(stdout).toContain(word);
  });

  it('prints the help of a command that is asked for, and of itself', async () => {
    const submit = await outlive(['help', 'submit']);
    expect(submit).toMatchObject({ code: 0, stderr: '' });
    expect(submit.stdout).toBe((await outlive(['submit', '--help'])).stdout);
    expect((await outlive(['help'])).stdout).toBe((await outlive(['--help'])).stdout);
    expect(await outlive(['help', 'sumbit'])).toMatchObject({
      code: 2,
      stdout: '',
      stderr: expect.stringContaining("unknown command 'sumbit'"),
    });
    const { stdout } = await promisify(execFile)(process.execPath, ['--import', 'tsx', 'src/cli/main.ts', 'help', 'submit']);
    expect(stdout).toBe(submit.stdout);
  });

  it('shows the help where no command is given, and that is a mistake', async () => {
    const { code, stdout, stderr } = await outlive([]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain('Usage: outlive');
  });

  it('suggests the command that was meant', async () => {
    const { code, stderr } = await outlive(['shwo', 'x']);
    expect(code).toBe(2);
    expect(stderr).toContain('(Did you mean show?)');
  });

  it.each([
    ['an unknown option', ['list', '--stat', 'held'], '(Did you mean --state?)'],
    ['a missing argument', ['show'], "missing required argument 'id'"],
    ['an argument too many', ['show', 'a', 'b'], 'too many arguments'],
    ['a state that is none', ['list', '--state', 'sleeping'], 'Allowed choices are queued, running'],
    ['a duration that is none', ['submit', '-', '--wait', '--timeout', 'soon'], 'a duration such as 500ms'],
    ['a timeout without a wait', ['submit', '-', '--timeout', '5s'], 'give both'],
  ])('takes %s as wrong usage', async (_, args, word) => {
    const { code, stdout, stderr } = await outlive(args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain(word);
  });

  it('answers wrong usage in JSON where that is asked for', async () => {
    const { code, stdout, stderr } = await outlive(['list', '--json', '--state', 'sleeping']);
    expect({ code, stderr }).toEqual({ code: 2, stderr: '' });
    expect(JSON.parse(stdout)).toEqual({ error: { code: 'usage', message: expect.stringContaining('sleeping') } });
  });
});

describe('a spec that is none', () => {
  const bad = 'id: UP\nagent: {use: command, argv: [x]}\nprompt: do it\noutputs: [{kind: comit}]\n';

  it('is refused with every complaint on a line of its own, before any server is asked', async () => {
    const file = join(folder, 'bad.yaml');
    await writeFile(file, bad);
    const { code, stdout, stderr } = await outlive(['submit', file], { env: nowhere });
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(
      stderr
        .trim()
        .split('\n')
        .map((line) => line.split(' ').slice(0, 2)),
    ).toEqual([
      [`${file}:1:5`, 'id:'],
      [`${file}:4:18`, 'outputs[0].kind:'],
    ]);
  });

  it('is told in JSON with the place of the first complaint', async () => {
    const { code, stdout, stderr } = await outlive(['submit', '-', '--json'], { stdin: bad, env: nowhere });
    expect({ code, stderr }).toEqual({ code: 2, stderr: '' });
    expect(JSON.parse(stdout)).toEqual({ error: { code: 'bad_spec', message: expect.stringContaining('comit'), at: 'id' } });
  });

  it('may be a file that is not there', async () => {
    const { code, stderr } = await outlive(['submit', join(folder, 'none.yaml')]);
    expect(code).toBe(2);
    expect(stderr).toContain('cannot be read');
  });
});

describe('without a server', () => {
  it.each([
    [['list']],
    [['show', 'x']],
    [['answer', 'x', 'retry']],
    [['stop', 'x']],
    [['worker', '--host-id', 'a']],
    [['hosts']],
    [['drain', 'a']],
    [['pause']],
  ])('%j ends with 3, says which address was tried and what to do', async (args) => {
    const { code, stdout, stderr } = await outlive(args, { env: nowhere });
    expect({ code, stdout }).toEqual({ code: 3, stdout: '' });
    expect(stderr).toContain(`No Temporal server answers at ${nowhere['TEMPORAL_ADDRESS']} (from TEMPORAL_ADDRESS)`);
    expect(stderr).toContain('`outlive up`');
  });

  it('says it in JSON where that is asked for', async () => {
    const { code, stdout, stderr } = await outlive(['list', '--json'], { env: nowhere });
    expect({ code, stderr }).toEqual({ code: 3, stderr: '' });
    expect(JSON.parse(stdout)).toEqual({ error: { code: 'no_server', message: expect.stringContaining('TEMPORAL_ADDRESS') } });
  });

  it('says so of something that speaks HTTP/2 and knows no call of Temporal', async () => {
    const server = createServer();
    server.on('stream', (stream) => stream.respond({ ':status': 404 }, { endStream: true }));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    try {
      const { code, stderr } = await outlive(['list'], { env: { ...nowhere, TEMPORAL_ADDRESS: `127.0.0.1:${port}` } });
      expect(code).toBe(3);
      expect(stderr).toContain('What answers is no Temporal server');
      expect(stderr).not.toContain('fault of Outlive');
    } finally {
      server.close();
    }
  });

  it('shows a stack trace only to whoever asks for one', async () => {
    expect((await outlive(['list'], { env: nowhere })).stderr).not.toContain('    at ');
    expect((await outlive(['list'], { env: { ...nowhere, OUTLIVE_DEBUG: '1' } })).stderr).toContain('    at ');
  });
});

describe('a configuration that is none', () => {
  it('stops every command that reads tasks, before any server is asked, and no other', async () => {
    const file = join(folder, 'outlive.yaml');
    const env = { ...nowhere, OUTLIVE_CONFIG: file };
    await writeFile(file, 'dataConverter: ./none.mjs\n');
    expect(await outlive(['list'], { env })).toEqual({
      code: 2,
      stdout: '',
      stderr: expect.stringContaining(`${join(folder, 'none.mjs')}: there is no such file`),
    });
    await writeFile(file, 'dataConvertor: ./codec.mjs\n');
    expect((await outlive(['show', 'x'], { env })).stderr).toContain('(did you mean dataConverter?)');
    expect((await outlive(['schema'], { env })).code).toBe(0);
  });
});

describe('tools that need no server', () => {
  it('print the schema of a task as JSON', async () => {
    const { code, stdout } = await outlive(['schema'], { env: nowhere });
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ type: 'object', properties: { id: expect.anything(), outputs: expect.anything() } });
  });

  it('load nothing of Temporal, which would take longer than they do', async () => {
    const script = `
      const { runCli } = await import('./src/cli/program.ts');
      const { createRequire } = await import('node:module');
      await runCli(['schema'], { ...process, stdin: process.stdin, stdout: process.stderr, stderr: process.stderr, env: {} });
      const loaded = Object.keys(createRequire(import.meta.url).cache).filter((path) => path.includes('@temporalio'));
      console.log(JSON.stringify(loaded));`;
    const { stdout } = await promisify(execFile)(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script]);
    expect(JSON.parse(stdout)).toEqual([]);
  });
});
