// What this machine has of what a worker here needs.

import { constants } from 'node:fs';
import { access, statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import { execa } from 'execa';

/** One line of `outlive doctor`: what was looked at, what was found, and where something is to be done, what. */
export interface Finding {
  readonly name: string;
  readonly state: 'ok' | 'warn' | 'bad';
  readonly found: string;
  readonly todo?: string;
}

const NODE = [20, 19] as const;
const GIT = [2, 30] as const;
const GIB = 1024 ** 3;
const SPACE = { bad: 1 * GIB, warn: 5 * GIB };

export async function machineFindings(stateFolder: string, env: NodeJS.ProcessEnv): Promise<readonly Finding[]> {
  return [system(), node(), await git(env), await agents(env), ...(await folder(stateFolder))];
}

function system(): Finding {
  const { platform, arch } = process;
  if (platform === 'linux') return { name: 'system', state: 'ok', found: `linux ${arch}` };
  if (platform === 'darwin') {
    const todo = 'Without /proc only the process group of an agent is ended with it: run workers that matter on Linux.';
    return { name: 'system', state: 'warn', found: `macOS ${arch}`, todo };
  }
  return { name: 'system', state: 'bad', found: platform, todo: 'Run workers on Linux or macOS.' };
}

function node(): Finding {
  const found = process.versions.node;
  if (isAtLeast(found, NODE)) return { name: 'node', state: 'ok', found };
  return { name: 'node', state: 'bad', found, todo: `Install Node ${NODE.join('.')} or newer.` };
}

async function git(env: NodeJS.ProcessEnv): Promise<Finding> {
  const found = await versionOf('git', ['--version'], env);
  const todo = `Install git ${GIT.join('.')} or newer: every run works in a clone of its own.`;
  if (found === undefined) return { name: 'git', state: 'bad', found: 'not on PATH', todo };
  return isAtLeast(found, GIT) ? { name: 'git', state: 'ok', found } : { name: 'git', state: 'bad', found, todo };
}

const AGENT_PROGRAMS = ['claude', 'codex', 'opencode', 'gemini'];

/** None has to be there: a task names the one that it wants. */
async function agents(env: NodeJS.ProcessEnv): Promise<Finding> {
  const found = await Promise.all(
    AGENT_PROGRAMS.map(async (program) => ({ program, version: await versionOf(program, ['--version'], env) })),
  );
  const there = found.flatMap(({ program, version }) => (version === undefined ? [] : [`${program} ${version}`]));
  const missing = found.filter(({ version }) => version === undefined).map(({ program }) => program);
  const parts = [...there, ...(missing.length > 0 ? [`not on PATH: ${missing.join(', ')}`] : [])];
  return { name: 'agents', state: 'ok', found: parts.join(', ') };
}

/** The first version number that the program says, undefined where it does not run. */
export async function versionOf(program: string, args: readonly string[], env: NodeJS.ProcessEnv): Promise<string | undefined> {
  const said = await execa(program, args, { env, extendEnv: false, reject: false, timeout: 10_000, stdin: 'ignore' });
  return said.failed ? undefined : (/\d+(?:\.\d+)+/.exec(said.stdout)?.[0] ?? said.stdout.slice(0, 40));
}

function isAtLeast(version: string, [major, minor]: readonly [number, number]): boolean {
  const [first = 0, second = 0] = version.split('.').map(Number);
  return first > major || (first === major && second >= minor);
}

async function folder(path: string): Promise<readonly Finding[]> {
  const there = await nearest(path);
  try {
    await access(there, constants.W_OK);
  } catch (error) {
    const todo = 'Set XDG_STATE_HOME to a folder that this user may write to: runs, clones and journals are kept there.';
    return [{ name: 'state folder', state: 'bad', found: (error as Error).message, todo }];
  }
  const { bavail, bsize } = await statfs(there);
  return [{ name: 'state folder', state: 'ok', found: path }, space(bavail * bsize)];
}

/** The folder itself, or the one above it in which it will be made: the doctor changes nothing. */
async function nearest(path: string): Promise<string> {
  const isThere = await access(path).then(
    () => true,
    () => false,
  );
  return isThere || dirname(path) === path ? path : nearest(dirname(path));
}

function space(free: number): Finding {
  const found = `${(free / GIB).toFixed(1)} GiB free`;
  if (free >= SPACE.warn) return { name: 'disk', state: 'ok', found };
  const todo = 'Free some: a full disk ends runs as host.disk_full.';
  return { name: 'disk', state: free < SPACE.bad ? 'bad' : 'warn', found, todo };
}
