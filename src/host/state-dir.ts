// Where a host keeps what it knows: one folder for each run, one bare cache for each repository.

import { createHash, randomUUID } from 'node:crypto';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { basename, dirname, isAbsolute, join } from 'node:path';
import { shortRunId } from '../domain/names.ts';

/** `$XDG_STATE_HOME/outlive/<hostId>`, else `~/.local/state/outlive/<hostId>`. A relative XDG_STATE_HOME is ignored, as XDG asks. */
export function stateDir(hostId: string, env: NodeJS.ProcessEnv): string {
  const given = env['XDG_STATE_HOME'];
  const home = given && isAbsolute(given) ? given : join(env['HOME'] || homedir(), '.local', 'state');
  return join(home, 'outlive', hostId);
}

/** Names this very folder; made with it. A host that lost its folder is not the one that started its runs. */
export async function stateId(state: string): Promise<string> {
  const file = join(state, 'id');
  await mkdir(state, { recursive: true });
  try {
    await writeFile(file, randomUUID(), { flag: 'wx' });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  return readFile(file, 'utf8');
}

/** The paths of one run. */
export interface RunDir {
  /** The host's state directory, that the run is in. */
  readonly state: string;
  readonly root: string;
  readonly workspace: string;
  readonly tmp: string;
  readonly prompt: string;
  /** What the agent's adapter has written for it. */
  readonly files: string;
  readonly result: string;
  /** Which credentials it was given: names and keyed hashes. */
  readonly credentials: string;
  /** Where an agent that plans writes its plan; among its temporary files, where it may write whatever its sandbox. */
  readonly plan: string;
  readonly stdout: string;
  readonly stderr: string;
  /** What the run was asked to do. */
  readonly input: string;
  /** What happened to the run, line by line. */
  readonly journal: string;
  /** How its process ended; there once it has. */
  readonly outcome: string;
  /** How long its agent may live. */
  readonly lease: string;
  /** What its supervisor is told to do. */
  readonly order: string;
}

/** Temporal's run id is in the name, because a reset starts the numbers of runs anew. Nothing is created. */
export function runDir(state: string, taskId: string, n: number, workflowRunId: string): RunDir {
  return runDirAt(state, taskId, `${n}-${shortRunId(workflowRunId)}`);
}

function runDirAt(state: string, task: string, run: string): RunDir {
  const root = join(state, 'runs', task, run);
  const file = (name: string) => join(root, name);
  return {
    state,
    root,
    workspace: file('workspace'),
    tmp: file('tmp'),
    prompt: file('prompt.md'),
    files: file('agent'),
    result: file('result.json'),
    credentials: file('credentials.json'),
    plan: join(root, 'tmp', 'outlive-plan.json'),
    stdout: file('stdout.log'),
    stderr: file('stderr.log'),
    input: file('input.json'),
    journal: file('journal.jsonl'),
    outcome: file('outcome.json'),
    lease: file('lease.json'),
    order: file('order.json'),
  };
}

export const taskOfRunDir = ({ root }: RunDir): string => basename(dirname(root));

/** What every process of the run carries in its environment: unlike any other run's, and known without reading the journal. */
export const runMark = (dir: RunDir): string => dir.root;

/** The bare cache of a repository: a name that people can read, made unique by a hash of the address. */
export function repoCache(state: string, repoUrl: string): string {
  const path = repoUrl.replace(/\.git\/*$/, '').replace(/[^A-Za-z0-9]+/g, '-');
  const slug = path.slice(-40).replace(/^-+|-+$/g, '') || 'repository';
  const hash = createHash('sha256').update(repoUrl).digest('hex').slice(0, 12);
  return join(state, 'cache', `${slug}-${hash}.git`);
}

/** Every run that this host has a folder of, in no order. */
export async function listRunDirs(state: string): Promise<RunDir[]> {
  const runs = join(state, 'runs');
  const found: RunDir[] = [];
  for (const task of await foldersOf(runs)) {
    for (const run of await foldersOf(join(runs, task))) found.push(runDirAt(state, task, run));
  }
  return found;
}

async function foldersOf(path: string): Promise<string[]> {
  try {
    const entries = await readdir(path, { withFileTypes: true });
    return entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}
