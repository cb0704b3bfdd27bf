// The guided tour: a server, two hosts, a repository with a bare origin, and one short story for each class of failure.
// Everything is real, processes and kills too; only the provider's words come from a script.

import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client, WorkflowHandle } from '@temporalio/client';
import { connectClient, connectionOptions } from '../../connection.ts';
import { type DevServer, startDevServer } from '../../dev-server.ts';
import type { TaskStatus } from '../../domain/contract.ts';
import { ANSWER, commentMarker, STATUS_QUERY, taskBranch, taskWorkflowId } from '../../domain/names.ts';
import type { Answer } from '../../domain/question.ts';
import { git, gitOrThrow } from '../../host/git.ts';
import { startTask } from '../../start-task.ts';
import { type Forge, startForge } from './forge.ts';
import { startHosts } from './hosts.ts';
import { type Made, REVOKED_FILE, STORIES, type Story, specOf } from './stories.ts';

const REPOSITORY = 'acme/shop';
const TOKEN = 'the-token-of-the-demo';
const LOOK_MS = 150;
const TIME_LIMIT_MS = 150_000;

export interface DemoEnd {
  readonly webUi: string | undefined;
  readonly tasks: readonly StoryEnd[];
  /** Commits, pull requests and comments that are not there. */
  readonly lost: number;
  /** Those beyond what each task's work takes. */
  readonly doubled: number;
}

export interface StoryEnd {
  readonly story: Story;
  readonly status: TaskStatus;
  readonly made: Made;
  /** The story went as it is told. */
  readonly asTold: boolean;
}

export interface DemoSettings {
  readonly env: NodeJS.ProcessEnv;
  readonly progress: (line: string) => void;
  readonly signal: AbortSignal;
  /** Called when every story is told, before anything is torn down. */
  readonly onTold: (end: DemoEnd) => Promise<void>;
}

/** Lives through all stories and tears everything down again, also where one of them goes wrong. */
export async function runDemo({ env, progress, signal, onTold }: DemoSettings): Promise<DemoEnd> {
  const folder = await mkdtemp(join(tmpdir(), 'outlive-demo-'));
  let server: DevServer | undefined;
  let hosts: Awaited<ReturnType<typeof startHosts>> | undefined;
  let forge: Forge | undefined;
  try {
    server = await startDevServer({ progress, env });
    progress(`Temporal server at ${server.address}, Web UI at ${server.webUi}`);
    const origin = await makeOrigin(folder);
    forge = await startForge({ repository: REPOSITORY, token: TOKEN, hasBranch: (name) => isBranch(origin, name) });
    hosts = await startHosts({
      names: ['demo-a', 'demo-b'],
      folder,
      address: server.address,
      env,
      forge: { api: forge.api, token: TOKEN },
    });
    progress('two hosts take runs: demo-a and demo-b; a small forge plays GitHub');
    const end = await tell(server, {
      origin,
      forge,
      folder,
      progress,
      signal: AbortSignal.any([signal, AbortSignal.timeout(TIME_LIMIT_MS)]),
    });
    await onTold(end);
    return end;
  } finally {
    await hosts?.stop();
    await forge?.stop();
    await server?.stop();
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

async function makeOrigin(folder: string): Promise<string> {
  const origin = join(folder, `${REPOSITORY}.git`);
  const clone = join(folder, 'first');
  await gitOrThrow(['init', '--quiet', '--bare', '--initial-branch=main', origin]);
  await gitOrThrow(['clone', '--quiet', origin, clone]);
  await writeFile(join(clone, 'README.md'), 'A small repository for the demo.\n');
  const identity = ['-c', 'user.name=Demo', '-c', 'user.email=demo@localhost'];
  await gitOrThrow(['add', '.'], { cwd: clone });
  await gitOrThrow([...identity, 'commit', '--quiet', '--message', 'Begin'], { cwd: clone });
  await gitOrThrow(['push', '--quiet', 'origin', 'HEAD:main'], { cwd: clone });
  return origin;
}

/** Where the stories are told. */
interface Stage {
  readonly origin: string;
  readonly forge: Forge;
  readonly folder: string;
  readonly progress: (line: string) => void;
  readonly signal: AbortSignal;
}

const isBranch = async (origin: string, name: string): Promise<boolean> =>
  (await git(['--git-dir', origin, 'rev-parse', '--verify', '--quiet', `refs/heads/${name}`])).ok;

async function tell(server: DevServer, stage: Stage): Promise<DemoEnd> {
  const { client, connection } = await connectClient(connectionOptions({ TEMPORAL_ADDRESS: server.address }));
  try {
    await writeFile(join(stage.folder, REVOKED_FILE), '');
    const letIn = letTheKeyIn(client, stage);
    const [tasks] = await Promise.all([Promise.all(STORIES.map((story) => live(client, story, stage))), letIn]);
    const lost = tasks.reduce((sum, { story, made }) => sum + missing(story.expected, made), 0);
    const doubled = tasks.reduce((sum, { story, made }) => sum + missing(made, story.expected), 0);
    return { webUi: server.webUi, tasks, lost, doubled };
  } finally {
    await connection.close();
  }
}

async function live(client: Client, story: Story, stage: Stage): Promise<StoryEnd> {
  const { origin, folder, progress, signal } = stage;
  const spec = specOf(story, origin, folder);
  await startTask(client, spec);
  const handle = client.workflow.getHandle(taskWorkflowId(spec.id));
  if (story.kill) await killWhenReady(story, folder, progress, signal);
  for (const [index, answer] of (story.answers ?? []).entries()) await answerWhenAsked(handle, story, index + 1, answer, progress, signal);
  const status = await until(signal, `the end of ${spec.id}`, async () => {
    const now = await statusOf(handle);
    return now?.result ? now : undefined;
  });
  progress(`${spec.id}: ${status.state} after ${status.runs.length} run${status.runs.length === 1 ? '' : 's'}`);
  return { story, status, made: await madeFor(spec.id, stage), asTold: isAsTold(story, status) };
}

/** Once every task with the revoked key waits for the end of its incident. */
async function letTheKeyIn(client: Client, { folder, progress, signal }: Stage): Promise<void> {
  const keyed = STORIES.filter((story) => story.keyed).map(({ name }) => `demo-${name}`);
  const holds = await Promise.all(
    keyed.map((id) =>
      until(signal, `the hold of ${id}`, async () => (await statusOf(client.workflow.getHandle(taskWorkflowId(id))))?.hold?.incident),
    ),
  );
  const incidents = [...new Set(holds)];
  progress(
    `${incidents.join(', ')}: ${incidents.length} incident${incidents.length === 1 ? '' : 's'} for ${keyed.length} tasks; the key is let in again`,
  );
  await rm(join(folder, REVOKED_FILE));
}

/** What stands at the origin and on the forge for a task. */
async function madeFor(id: string, { origin, forge }: Stage): Promise<Made> {
  const branch = taskBranch(id);
  const count = await gitOrThrow(['--git-dir', origin, 'rev-list', '--count', `main..${branch}`]).catch(() => '0');
  return {
    commits: Number(count),
    pulls: forge.pulls.filter(({ head }) => head === branch).length,
    comments: forge.comments.filter(({ body }) => body.includes(commentMarker(id))).length,
  };
}

/** How much of `wanted` is not in `there`. */
const missing = (wanted: Made, there: Made): number =>
  MADE.reduce((sum, what) => sum + Math.max(0, (wanted[what] ?? 0) - (there[what] ?? 0)), 0);
const MADE = ['commits', 'pulls', 'comments'] as const;

async function killWhenReady(story: Story, folder: string, progress: (line: string) => void, signal: AbortSignal): Promise<void> {
  const pid = await until(signal, `the agent of ${story.name}`, async () => {
    const text = await readFile(join(folder, `${story.name}.pid`), 'utf8').catch(() => '');
    return Number(text) || undefined;
  });
  process.kill(pid, 'SIGKILL');
  progress(`demo-${story.name}: SIGKILL to its agent, pid ${pid}`);
}

async function answerWhenAsked(
  handle: WorkflowHandle,
  { name }: Story,
  k: number,
  answer: Omit<Answer, 'by'>,
  progress: (line: string) => void,
  signal: AbortSignal,
): Promise<void> {
  const question = await until(signal, `question ${k} of ${name}`, async () => {
    const open = (await statusOf(handle))?.question;
    return open?.id === `q${k}` ? open : undefined;
  });
  await handle.signal(ANSWER, { ...answer, question: question.id, by: 'demo' });
  progress(`demo-${name}: a person is asked, and answers ${answer.choice} by signal`);
}

function isAsTold({ expected }: Story, { state, runs }: TaskStatus): boolean {
  const [first] = runs;
  if (expected.orHeld && runs.length === 1) return state === 'done' && first?.failure === undefined;
  const type = first?.failure && `${first.failure.class}.${first.failure.reason}`;
  return state === 'done' && runs.length === expected.runs && type === expected.type && first?.decision?.kind === expected.decision;
}

/** A worker that is just starting does not answer yet; that is no failure. */
async function statusOf(handle: WorkflowHandle): Promise<TaskStatus | undefined> {
  try {
    return await handle.query<TaskStatus>(STATUS_QUERY);
  } catch {
    return undefined;
  }
}

async function until<T>(signal: AbortSignal, what: string, look: () => Promise<T | undefined>): Promise<T> {
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    if (signal.aborted) throw new Error(`The demo waited in vain for ${what}. Its time is up or it was interrupted.`);
    await sleep(LOOK_MS);
  }
}
