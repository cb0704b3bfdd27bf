// Where the binary of a Temporal dev server comes from: the first way that works, each with its reason if it does not.

import { constants } from 'node:fs';
import { access, mkdir, readdir, rename, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import { execa } from 'execa';
import { buildServer } from './build.ts';
import { downloadServer } from './download.ts';
import { withLock } from './lock.ts';
import { type Pin, readPin } from './pin.ts';
import type { Sought } from './sought.ts';

export type ServerSource = 'path' | 'cache' | 'download' | 'build';

export interface ServerBinary {
  readonly path: string;
  readonly source: ServerSource;
}

export interface LocateOptions {
  /** Told, a line at a time, what takes long. */
  readonly progress?: (line: string) => void;
  /** Instead of `$XDG_CACHE_HOME/outlive` or `~/.cache/outlive`. */
  readonly cacheDir?: string;
  /** Instead of this process's own environment; also that of every program started on the way. */
  readonly env?: NodeJS.ProcessEnv;
}

const WAYS = { path: '`temporal` on PATH', cache: 'the cache', download: "the SDK's own download", build: 'a build with Go' } as const;

/** There is no Temporal server to be had here. The message says what was tried, why it failed, and what to do. */
export class NoServerError extends Error {
  override readonly name = 'NoServerError';
  readonly code = 'no_server';

  constructor(whys: Readonly<Record<ServerSource, string>>, pin: Pin) {
    const tried = Object.entries(WAYS).map(([source, way]) => `  - ${way}: ${whys[source as ServerSource]}`);
    super(
      [
        'There is no Temporal server, and none could be made here. Tried, in this order:',
        ...tried,
        'Do one of these:',
        '  - set TEMPORAL_ADDRESS (or a profile: TEMPORAL_PROFILE) to a Temporal server that is already running;',
        '  - install the Temporal CLI, so that `temporal` is on PATH: https://docs.temporal.io/cli;',
        '  - let this machine reach https://temporal.download (HTTPS_PROXY is respected);',
        `  - install Go ${pin.go} or newer, with a module proxy in reach: the server is then built once, in some minutes.`,
      ].join('\n'),
    );
  }
}

/**
 * The binary of a dev server: `temporal` on PATH, else the cache of an earlier time, else the SDK's own download,
 * else a build with Go. The last two fill the cache. Throws NoServerError where every way fails.
 */
export async function locateServerBinary(options: LocateOptions = {}): Promise<ServerBinary> {
  const env = options.env ?? process.env;
  const progress = options.progress ?? (() => undefined);
  const onPath = await seekOnPath(env);
  if ('path' in onPath) return { path: onPath.path, source: 'path' };

  const pin = await readPin();
  const binaries = join(options.cacheDir ?? defaultCacheDir(env), 'temporal');
  const folder = join(binaries, pin.key);
  const cached = await seekInCache(folder, env);
  if ('path' in cached) return { path: cached.path, source: 'cache' };

  try {
    await mkdir(folder, { recursive: true });
    const lock = join(binaries, `${pin.key}.lock`);
    const onWait = () => progress('another process is getting the Temporal server already: waiting for it');
    return await withLock(lock, onWait, () => fillCache({ folder, pin, env, progress, whyNotOnPath: onPath.why }));
  } catch (error) {
    if (error instanceof NoServerError) throw error;
    const why = `not done, because there is no place for it: ${(error as Error).message}`;
    throw new NoServerError({ path: onPath.why, cache: cached.why, download: why, build: why }, pin);
  }
}

interface Filling {
  readonly folder: string;
  readonly pin: Pin;
  readonly env: NodeJS.ProcessEnv;
  readonly progress: (line: string) => void;
  readonly whyNotOnPath: string;
}

/** Only under the lock. A binary gets its name in the cache by a rename, whole and tried, so there is never half of one. */
async function fillCache({ whyNotOnPath, ...making }: Filling): Promise<ServerBinary> {
  const { folder, env } = making;
  const cached = await seekInCache(folder, env);
  if ('path' in cached) return { path: cached.path, source: 'cache' };
  await emptyFolder(folder);
  const adopt = async (made: Sought): Promise<Sought> => {
    if ('why' in made) return made;
    const why = await whyUnusable(made.path, env);
    if (why) return { why };
    await rename(made.path, cacheFile(folder));
    return { path: cacheFile(folder) };
  };
  try {
    const downloaded = await adopt(await downloadServer(making));
    if ('path' in downloaded) return { path: downloaded.path, source: 'download' };
    making.progress(`no download: ${downloaded.why}`);
    const built = await adopt(await buildServer(making));
    if ('path' in built) return { path: built.path, source: 'build' };
    throw new NoServerError({ path: whyNotOnPath, cache: cached.why, download: downloaded.why, build: built.why }, making.pin);
  } finally {
    await emptyFolder(folder);
  }
}

async function seekOnPath(env: NodeJS.ProcessEnv): Promise<Sought> {
  const whys: string[] = [];
  for (const folder of (env['PATH'] ?? '').split(delimiter).filter(Boolean)) {
    const file = join(folder, process.platform === 'win32' ? 'temporal.exe' : 'temporal');
    if (!(await isExecutable(file))) continue;
    const why = await whyUnusable(file, env);
    if (!why) return { path: file };
    whys.push(why);
  }
  return { why: whys.join('; ') || 'there is none' };
}

async function seekInCache(folder: string, env: NodeJS.ProcessEnv): Promise<Sought> {
  const file = cacheFile(folder);
  if (!(await isExecutable(file))) return { why: `nothing at ${file}` };
  const why = await whyUnusable(file, env);
  return why ? { why } : { path: file };
}

/** The program must call itself Temporal's CLI: other programs have that name too. */
async function whyUnusable(file: string, env: NodeJS.ProcessEnv): Promise<string | undefined> {
  const said = await execa(file, ['--version'], { env, extendEnv: false, reject: false, timeout: 20_000, stdin: 'ignore' });
  if (said.failed) return `${file} does not run: ${said.shortMessage?.split('\n')[0]}`;
  if (!said.stdout.startsWith('temporal version ')) return `${file} is not the Temporal CLI: --version says "${said.stdout.slice(0, 80)}"`;
  return undefined;
}

function defaultCacheDir(env: NodeJS.ProcessEnv): string {
  return join(env['XDG_CACHE_HOME'] || join(env['HOME'] || homedir(), '.cache'), 'outlive');
}

function cacheFile(folder: string): string {
  return join(folder, process.platform === 'win32' ? 'temporal.exe' : 'temporal');
}

/** What a process that was killed in the middle left here. */
async function emptyFolder(folder: string): Promise<void> {
  const names = await readdir(folder);
  const leftovers = names.map((name) => join(folder, name)).filter((file) => file !== cacheFile(folder));
  for (const file of leftovers) await rm(file, { recursive: true, force: true });
}

async function isExecutable(file: string): Promise<boolean> {
  return access(file, constants.X_OK).then(
    () => true,
    () => false,
  );
}
