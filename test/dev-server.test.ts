import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startGuarded } from '../src/dev-server/guarded-server.ts';
import { startDevServer } from '../src/dev-server.ts';

let root: string;
let env: NodeJS.ProcessEnv;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'outlive-dev-server-test-'));
  env = { PATH: join(root, 'bin'), HOME: root };
});
afterEach(() => rm(root, { recursive: true, force: true }));

/** A `temporal` on PATH that notes its arguments in `starts`, a line a start, and then does `source`. */
async function fakeTemporal(source: string): Promise<string> {
  const file = join(root, 'bin', 'temporal');
  await mkdir(join(root, 'bin'), { recursive: true });
  const starts = JSON.stringify(join(root, 'starts'));
  await writeFile(
    file,
    `#!${process.execPath}
     const args = process.argv.slice(2);
     if (args[0] === '--version') console.log('temporal version 9.9.9 (Server 9.9.9)');
     else { require('node:fs').appendFileSync(${starts}, JSON.stringify(args) + '\\n'); ${source} }`,
    { mode: 0o755 },
  );
  return file;
}

const starts = async (): Promise<string[][]> =>
  (await readFile(join(root, 'starts'), 'utf8'))
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

describe('a server that does not come up', () => {
  it('is reported with its last words', async () => {
    const file = await fakeTemporal("console.log('opening the database'); console.error('Error: the disk is on fire'); process.exit(7);");
    const logFile = join(root, 'log');
    await expect(startDevServer({ env, logFile })).rejects.toThrow(
      `The Temporal server ${file} (path) did not start: exit code 7. Its last words:\nopening the database\nError: the disk is on fire`,
    );
    expect(await readFile(logFile, 'utf8')).toBe('opening the database\nError: the disk is on fire\n');
  });

  it('is started again on other ports where somebody was quicker to take them, but not for ever', async () => {
    await fakeTemporal("console.error('Error: bind: address already in use'); process.exit(1);");
    await expect(startDevServer({ env })).rejects.toThrow('address already in use');
    const ports = (await starts()).map((args) => args[args.indexOf('--port') + 1]);
    expect(ports).toHaveLength(5);
    expect(new Set(ports).size).toBeGreaterThan(1);
  });

  it('gets the flags that make it quick, and with a file those that keep the file quick', async () => {
    await fakeTemporal('process.exit(1);');
    await expect(startDevServer({ env, uiPort: false })).rejects.toThrow('did not start');
    await expect(startDevServer({ env, dbFile: join(root, 'made', 'outlive.db') })).rejects.toThrow('did not start');
    const dynamic = [
      ...['--dynamic-config-value', 'history.transferProcessorMaxPollRPS=1000'],
      ...['--dynamic-config-value', 'history.timerProcessorMaxPollRPS=1000'],
      ...['--dynamic-config-value', 'history.timerProcessorMaxTimeShift="1ms"'],
      ...['--dynamic-config-value', 'system.enableActivityEagerExecution=true'],
    ];
    const aPort = expect.stringMatching(/^\d+$/);
    const start = ['server', 'start-dev', '--ip', '127.0.0.1', '--port', aPort];
    const file = [
      '--db-filename',
      join(root, 'made', 'outlive.db'),
      '--sqlite-pragma',
      'journal_mode=wal',
      '--sqlite-pragma',
      'synchronous=normal',
    ];
    expect(await starts()).toEqual([
      [...start, '--headless', ...dynamic],
      [...start, '--ui-port', aPort, ...file, ...dynamic],
    ]);
  });

  it('is not started at all on a port that another program has', async () => {
    await fakeTemporal('process.exit(1);');
    const taker = createServer();
    await new Promise<void>((resolve) => taker.listen(0, '127.0.0.1', resolve));
    const { port } = taker.address() as { port: number };
    try {
      await expect(startDevServer({ env, port })).rejects.toThrow(`Port ${port} is taken by another program.`);
      await expect(startDevServer({ env, uiPort: port })).rejects.toThrow(`Port ${port} is taken by another program.`);
    } finally {
      await new Promise((resolve) => taker.close(resolve));
    }
    await expect(starts()).rejects.toThrow('ENOENT');
  });

  it('is not started where the retention cannot be read', async () => {
    await fakeTemporal('process.exit(1);');
    await expect(startDevServer({ env, retention: 'a month' })).rejects.toThrow('The retention "a month" cannot be read');
    await expect(starts()).rejects.toThrow('ENOENT');
  });
});

describe('the guard', () => {
  it('kills a server that does not heed SIGTERM', async () => {
    const told = join(root, 'told');
    const binary = await fakeTemporal(
      `process.on('SIGTERM', () => require('node:fs').writeFileSync(${JSON.stringify(told)}, '')); setInterval(() => undefined, 1000);`,
    );
    const server = await startGuarded({ binary, args: ['server'], env, logFile: undefined });
    const pid = server.pid as number;
    // Its line is written before its handler is set, in the same turn: from there on, it is deaf.
    await expect.poll(starts).toHaveLength(1);
    await server.stop();
    expect(isAlive(pid)).toBe(false);
    expect(await readFile(told, 'utf8')).toBe('');
  });

  it('says how the server ended where nobody asked it to', async () => {
    const binary = await fakeTemporal("console.log('last words'); setInterval(() => undefined, 1000);");
    const server = await startGuarded({ binary, args: ['server'], env, logFile: undefined });
    await expect.poll(starts).toHaveLength(1);
    process.kill(server.pid as number, 'SIGKILL');
    await expect.poll(() => server.ended()).toMatchObject({ because: 'killed by SIGKILL' });
    await server.stop();
  });

  it('says so where there is no such program', async () => {
    const server = await startGuarded({ binary: join(root, 'nothing'), args: [], env, logFile: undefined });
    expect(server.pid).toBeUndefined();
    expect(server.ended()?.because).toContain('ENOENT');
    await server.stop();
  });
});
