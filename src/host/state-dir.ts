// Where a host keeps what it knows: one folder for each run, one bare cache for each repository. A run's journal is the
// word that outlives the worker: it is replaced as a whole, so a reader meets the old one or the new one, never half of one.

import { createHash, randomUUID } from 'node:crypto';
import { mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, isAbsolute, join } from 'node:path';
import type { EndedBy, Exit } from '../domain/run.ts';

/** `$XDG_STATE_HOME/outlive/<hostId>`, else `~/.local/state/outlive/<hostId>`. A relative XDG_STATE_HOME is ignored, as XDG asks. */
export function stateDir(hostId: string, env: NodeJS.ProcessEnv): string {
  const given = env['XDG_STATE_HOME'];
  const home = given && isAbsolute(given) ? given : join(env['HOME'] || homedir(), '.local', 'state');
  return join(home, 'outlive', hostId);
}

/** The paths of one run. */
export interface RunDir {
  /** The host's state directory, that the run is in. */
  readonly state: string;
  readonly root: string;
  readonly workspace: string;
  readonly tmp: string;
  readonly prompt: string;
  readonly result: string;
  readonly stdout: string;
  readonly stderr: string;
  readonly journal: string;
}

/** Temporal's run id is in the name, because a reset starts the numbers of runs anew. Nothing is created. */
export function runDir(state: string, taskId: string, n: number, workflowRunId: string): RunDir {
  return runDirAt(state, taskId, `${n}-${workflowRunId.slice(0, 8)}`);
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
    result: file('result.json'),
    stdout: file('stdout.log'),
    stderr: file('stderr.log'),
    journal: file('journal.json'),
  };
}

/** What every process of the run carries in its environment: unlike any other run's, and known without reading the journal. */
export const runMark = (dir: RunDir): string => dir.root;

/** The bare cache of a repository: a name that people can read, made unique by a hash of the address. */
export function repoCache(state: string, repoUrl: string): string {
  const path = repoUrl.replace(/\.git\/*$/, '').replace(/[^A-Za-z0-9]+/g, '-');
  const slug = path.slice(-40).replace(/^-+|-+$/g, '') || 'repository';
  const hash = createHash('sha256').update(repoUrl).digest('hex').slice(0, 12);
  return join(state, 'cache', `${slug}-${hash}.git`);
}

/** What is known of a run's process. Times are ISO. `endedBy` is there from the moment somebody sets out to end it. */
export interface Journal {
  readonly v: 1;
  readonly taskId: string;
  readonly n: number;
  readonly workflowId: string;
  readonly workflowRunId: string;
  readonly bootId: string;
  readonly mark: string;
  readonly startedAt: string;
  readonly pid?: number;
  readonly pidStartTime?: number;
  readonly endedBy?: EndedBy;
  readonly exit?: Exit;
}

export type JournalRead =
  | { readonly kind: 'missing' }
  | { readonly kind: 'corrupt'; readonly evidence: string }
  | { readonly kind: 'known'; readonly journal: Journal };

/** Never throws: a journal that cannot be read is an answer too. */
export async function readJournal(dir: RunDir): Promise<JournalRead> {
  try {
    return checkJournal(JSON.parse(await readFile(dir.journal, 'utf8')));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return { kind: 'missing' };
    return { kind: 'corrupt', evidence: `${dir.journal} cannot be read: ${(error as Error).message}` };
  }
}

function checkJournal(value: unknown): JournalRead {
  const journal = (typeof value === 'object' && value !== null ? value : {}) as Record<string, unknown>;
  if (journal['v'] !== 1)
    return { kind: 'corrupt', evidence: `journal of version ${JSON.stringify(journal['v'])}; this Outlive reads version 1` };
  const texts = ['taskId', 'workflowId', 'workflowRunId', 'bootId', 'mark', 'startedAt'].filter((key) => typeof journal[key] !== 'string');
  const numbers = ['pid', 'pidStartTime'].filter((key) => journal[key] !== undefined && typeof journal[key] !== 'number');
  const wrong = [...texts, ...numbers, ...(typeof journal['n'] === 'number' ? [] : ['n'])];
  if (wrong.length > 0) return { kind: 'corrupt', evidence: `journal without a readable ${wrong.join(', ')}` };
  return { kind: 'known', journal: value as Journal };
}

/** On disk when it returns: written beside, synced, renamed, and the rename synced too. */
export async function writeJournal(dir: RunDir, journal: Journal): Promise<void> {
  await mkdir(dir.root, { recursive: true });
  const beside = `${dir.journal}.${randomUUID()}.tmp`;
  try {
    const file = await open(beside, 'wx', 0o600);
    try {
      await file.writeFile(`${JSON.stringify(journal, null, 2)}\n`);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(beside, dir.journal);
  } catch (error) {
    await rm(beside, { force: true });
    throw error;
  }
  await syncFolder(dirname(dir.journal));
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
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
