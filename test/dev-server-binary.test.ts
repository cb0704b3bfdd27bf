import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { downloadServer } from '../src/dev-server/download.ts';
import { type Pin, readPin } from '../src/dev-server/pin.ts';
import { locateServerBinary, NoServerError } from '../src/dev-server.ts';

let root: string;
let bin: string;
let cacheDir: string;
let pin: Pin;
let cached: string;
let env: NodeJS.ProcessEnv;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'outlive-binary-test-'));
  bin = join(root, 'bin');
  cacheDir = join(root, 'cache');
  pin = await readPin();
  cached = join(cacheDir, 'temporal', pin.key, 'temporal');
  await mkdir(bin);
  // Nothing but the test's own programs, and no way to the internet: a proxy at which nobody listens.
  env = { PATH: bin, HOME: root, HTTPS_PROXY: 'http://127.0.0.1:1' };
});
afterEach(() => rm(root, { recursive: true, force: true }));

async function program(file: string, source: string): Promise<string> {
  await mkdir(join(file, '..'), { recursive: true });
  await writeFile(file, `#!${process.execPath}\n${source}`, { mode: 0o755 });
  return file;
}

const TEMPORAL = "console.log('temporal version 9.9.9 (Server 9.9.9)');";

/** A `go` that notes each build in `builds`; `first` runs before it writes the binary. */
async function fakeGo({ first = '', writes = TEMPORAL }: { first?: string; writes?: string }): Promise<void> {
  const binary = JSON.stringify(`#!${process.execPath}\n${writes}`);
  await program(
    join(bin, 'go'),
    `const fs = require('node:fs');
     const args = process.argv.slice(2);
     if (args[0] === 'version') console.log('go version go9.9.9 test/test');
     else {
       fs.appendFileSync(${JSON.stringify(join(root, 'builds'))}, JSON.stringify(args) + '\\n');
       const output = args[args.indexOf('-o') + 1];
       const done = () => fs.writeFileSync(output, ${binary}, { mode: 0o755 });
       ${first || 'done();'}
     }`,
  );
}

const builds = async () => (await readFile(join(root, 'builds'), 'utf8')).trim().split('\n');
const locate = (progress: (line: string) => unknown = () => undefined) => locateServerBinary({ env, cacheDir, progress });
const failure = async () => {
  const error = await locate().catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(NoServerError);
  return error as NoServerError;
};

describe('where the server comes from', () => {
  it('takes `temporal` on PATH before the cache', async () => {
    await program(cached, TEMPORAL);
    const path = await program(join(bin, 'temporal'), TEMPORAL);
    expect(await locate()).toEqual({ path, source: 'path' });
  });

  it('passes over programs on PATH that are called temporal but are not Temporal, or do not run', async () => {
    await program(join(bin, 'temporal'), "console.log('a calendar');");
    await program(join(root, 'bin2', 'temporal'), 'process.exit(3);');
    const path = await program(join(root, 'bin3', 'temporal'), TEMPORAL);
    env['PATH'] = [bin, join(root, 'bin2'), join(root, 'bin3')].join(':');
    expect(await locate()).toEqual({ path, source: 'path' });
  });

  it('takes the cache before it asks Go', async () => {
    await program(cached, TEMPORAL);
    await fakeGo({});
    expect(await locate()).toEqual({ path: cached, source: 'cache' });
    expect(existsSync(join(root, 'builds'))).toBe(false);
  });

  it('finds the cache by XDG_CACHE_HOME, else below HOME', async () => {
    const inXdg = await program(join(root, 'xdg', 'outlive', 'temporal', pin.key, 'temporal'), TEMPORAL);
    const inHome = await program(join(root, '.cache', 'outlive', 'temporal', pin.key, 'temporal'), TEMPORAL);
    expect(await locateServerBinary({ env: { ...env, XDG_CACHE_HOME: join(root, 'xdg') } })).toEqual({ path: inXdg, source: 'cache' });
    expect(await locateServerBinary({ env })).toEqual({ path: inHome, source: 'cache' });
  });

  it('builds with Go where the download fails, says so, and finds the binary in the cache the next time', async () => {
    await fakeGo({});
    const lines: string[] = [];
    expect(await locate((line) => lines.push(line))).toEqual({ path: cached, source: 'build' });
    expect(lines).toEqual([
      `downloading the Temporal CLI ${pin.version} through the SDK`,
      expect.stringMatching(/^no download: https:\/\/temporal\.download: .+/),
      expect.stringContaining(`building the Temporal CLI ${pin.version} with go version go9.9.9 test/test: this takes some minutes, once`),
    ]);
    expect(await locate()).toEqual({ path: cached, source: 'cache' });
    expect((await builds()).map((line) => JSON.parse(line))).toEqual([
      ['build', '-v', '-trimpath', '-ldflags', '-s -w', '-o', expect.any(String), 'github.com/temporalio/cli/cmd/temporal'],
    ]);
  });
});

describe('the cache', () => {
  it('holds one binary after two that build at the same time, and the second one says that it waits', async () => {
    const goOn = join(root, 'go-on');
    await fakeGo({
      first: `const look = setInterval(() => { if (fs.existsSync(${JSON.stringify(goOn)})) { clearInterval(look); done(); } }, 10);`,
    });
    let sayWaits: () => void = () => undefined;
    const someoneWaits = new Promise<void>((resolve) => {
      sayWaits = resolve;
    });
    const progress = (line: string) => line.startsWith('another process is getting the Temporal server') && sayWaits();
    const both = Promise.all([locate(progress), locate(progress)]);
    await someoneWaits;
    await writeFile(goOn, '');
    expect((await both).map(({ source }) => source).sort()).toEqual(['build', 'cache']);
    expect(await builds()).toHaveLength(1);
    expect(await readdir(join(cacheDir, 'temporal'))).toEqual([pin.key]);
    expect(await readdir(join(cacheDir, 'temporal', pin.key))).toEqual(['temporal']);
  });

  it('is not blocked by a process that died while it built, and drops what that one left', async () => {
    await fakeGo({});
    const lock = `${join(cacheDir, 'temporal', pin.key)}.lock`;
    await program(join(cacheDir, 'temporal', pin.key, 'temporal.built'), 'half of a bin');
    await writeFile(lock, 'of a process that is gone');
    await utimes(lock, new Date(0), new Date(0));
    expect(await locate()).toEqual({ path: cached, source: 'build' });
    expect(await readdir(join(cacheDir, 'temporal', pin.key))).toEqual(['temporal']);
  });

  it('builds anew where the cached binary no longer runs', async () => {
    await program(cached, 'process.exit(1);');
    await fakeGo({});
    expect(await locate()).toEqual({ path: cached, source: 'build' });
    expect(await locate()).toEqual({ path: cached, source: 'cache' });
  });

  it('takes in neither the half of a build that failed nor a binary that does not run', async () => {
    await fakeGo({ first: "fs.writeFileSync(output, 'half'); console.error('go: no space left on device'); process.exit(1);" });
    expect((await failure()).message).toContain('- a build with Go: `go build` failed: go: no space left on device');
    await fakeGo({ writes: 'process.exit(2);' });
    expect((await failure()).message).toMatch(/- a build with Go: .*temporal\.built does not run: /);
    expect(await readdir(join(cacheDir, 'temporal', pin.key))).toEqual([]);
  });
});

describe('where there is no server', () => {
  it('the error lists what was tried, why each failed, and what to do', async () => {
    await program(join(bin, 'temporal'), "console.log('a calendar');");
    const error = await failure();
    expect(error.code).toBe('no_server');
    const text = error.message
      .replaceAll(root, '<root>')
      .replace(pin.key, '<key>')
      .replace(/(temporal\.download:) .+/, '$1 <why>')
      .replace(pin.go, '<go>');
    expect(text).toMatchInlineSnapshot(`
      "There is no Temporal server, and none could be made here. Tried, in this order:
        - \`temporal\` on PATH: <root>/bin/temporal is not the Temporal CLI: --version says "a calendar"
        - the cache: nothing at <root>/cache/temporal/<key>/temporal
        - the SDK's own download: https://temporal.download: <why>
        - a build with Go: \`go\` is not on PATH
      Do one of these:
        - set TEMPORAL_ADDRESS (or a profile: TEMPORAL_PROFILE) to a Temporal server that is already running;
        - install the Temporal CLI, so that \`temporal\` is on PATH: https://docs.temporal.io/cli;
        - let this machine reach https://temporal.download (HTTPS_PROXY is respected);
        - install Go <go> or newer, with a module proxy in reach: the server is then built once, in some minutes."
    `);
  });

  it('the error says so where the cache cannot be written', async () => {
    await writeFile(cacheDir, 'a file, not a folder');
    expect((await failure()).message).toMatch(/- a build with Go: not done, because there is no place for it: (ENOTDIR|EEXIST)/);
  });
});

describe('the download', () => {
  it('is given up when nothing arrives, and its process is ended', async () => {
    const sockets = new Set<Socket>();
    const silent = createServer((socket) => {
      sockets.add(socket.resume().on('error', () => undefined));
      socket.on('close', () => sockets.delete(socket));
    });
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    const { port } = silent.address() as { port: number };
    try {
      const making = { folder: root, pin, env: { ...env, HTTPS_PROXY: `http://127.0.0.1:${port}` }, progress: () => undefined };
      expect(await downloadServer({ ...making, stallMs: 3000 })).toEqual({ why: 'nothing arrived for 3 s' });
      await expect.poll(() => sockets.size).toBe(0);
    } finally {
      await new Promise((resolve) => silent.close(resolve));
    }
  });
});
