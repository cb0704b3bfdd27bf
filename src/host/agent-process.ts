// One agent's process, held by the worker itself. This is the place of DESIGN §3's supervisor, which comes in the next
// step: until then an agent whose worker died is ended by the next worker (reapLeftovers).
//
// The cause is written before the signal, and the exit before anybody is told of it: whoever reads the journal later knows
// as much as the worker did. A journal that cannot be written (a full disk) hides nothing from a worker that lives to tell.

import { statSync } from 'node:fs';
import { mkdir, open, stat } from 'node:fs/promises';
import type { EndedBy, Exit } from '../domain/run.ts';
import { endTree, MARK_VARIABLE, type ProcessIdentity, type Spawned, spawnInOwnGroup } from './process-tree.ts';
import { type Journal, type RunDir, readJournal, writeJournal } from './state-dir.ts';

export { agentEnvironment } from './agent-environment.ts';
export { reapLeftovers } from './leftovers.ts';

const GRACE_MS = 10_000;
/** What the agent leaves behind has had its whole life to end. */
const LEFTOVER_GRACE_MS = 1000;
const LONGEST_TIMER_MS = 2 ** 31 - 1;

export interface AgentStart {
  readonly argv: readonly string[];
  readonly dir: RunDir;
  readonly cwd: string;
  /** The whole environment, except for the mark, which is added. */
  readonly env: Readonly<Record<string, string>>;
  readonly mark: string;
  /** `stallMs`: how long neither output nor result file may stand still. */
  readonly limits: { readonly wallMs: number; readonly stallMs: number };
  /** Called once the journal names the process. */
  readonly onStarted?: (process: ProcessIdentity) => void;
}

export interface AgentProcess extends ProcessIdentity {
  readonly kind: 'started';
  /** Resolves, and never rejects, once the whole tree is gone and the exit is in the journal. */
  readonly exited: Promise<Exit>;
  /** Ends the whole tree; resolves when it is gone. The first cause stands. */
  end(cause: EndedBy, graceMs?: number): Promise<void>;
  /** Epoch ms at which output or result file was last seen to have grown; the start, before that. */
  lastOutputAt(): number;
}

export interface NotStarted {
  readonly kind: 'not_started';
  readonly exit: Exit;
}

/** Starts the agent of a run whose journal has been written. What the system refuses is an answer; a run that was started before throws. */
export async function startAgent(start: AgentStart): Promise<AgentProcess | NotStarted> {
  const { dir } = start;
  const record = await openJournal(dir);
  let spawned: Spawned;
  try {
    spawned = await spawnWithFiles(start);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const exit: Exit = { notStarted: { code: code ?? 'unknown', message }, endedBy: 'itself', durationMs: 0 };
    await record({ exit });
    return { kind: 'not_started', exit };
  }
  const { pid, startTime } = spawned;
  const agent = follow(start, spawned, record);
  await record({ pid, pidStartTime: startTime });
  start.onStarted?.({ pid, startTime });
  return agent;
}

type Recorder = (facts: Partial<Journal>) => Promise<void>;

/** Writes follow one another, so that a later fact never loses an earlier one. */
async function openJournal(dir: RunDir): Promise<Recorder> {
  const read = await readJournal(dir);
  if (read.kind !== 'known') {
    throw new Error(
      `the run in ${dir.root} has no readable journal (${read.kind === 'corrupt' ? read.evidence : 'missing'}); its agent is not started`,
    );
  }
  if (read.journal.pid !== undefined || read.journal.exit) {
    throw new Error(`the run in ${dir.root} was started before; a second agent would do its work twice`);
  }
  let journal = read.journal;
  let written = Promise.resolve();
  return (facts) => {
    journal = { ...journal, ...facts };
    const whole = journal;
    written = written.then(() => writeJournal(dir, whole)).catch(() => undefined);
    return written;
  };
}

async function spawnWithFiles({ argv, dir, cwd, env, mark }: AgentStart): Promise<Spawned> {
  await mkdir(dir.tmp, { recursive: true });
  // The system's word for a missing folder is "no such file" too, with the program's name in it.
  if (!(await isFolder(cwd))) throw Object.assign(new Error(`the working directory ${cwd} does not exist`), { code: 'ENOENT' });
  // Files and no pipes: a worker that dies must not break the agent's output, and a flood must not fill the worker's memory.
  const stdout = await open(dir.stdout, 'a', 0o600);
  try {
    const stderr = await open(dir.stderr, 'a', 0o600);
    try {
      return await spawnInOwnGroup({ argv, cwd, env: { ...env, [MARK_VARIABLE]: mark }, stdout: stdout.fd, stderr: stderr.fd });
    } finally {
      await stderr.close();
    }
  } finally {
    await stdout.close();
  }
}

function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (seen) => seen.isDirectory(),
    () => false,
  );
}

function follow(start: AgentStart, spawned: Spawned, record: Recorder): AgentProcess {
  const { dir, mark, limits } = start;
  const { pid, startTime, ended } = spawned;
  const since = performance.now();
  let endedBy: EndedBy | undefined;
  let ending: Promise<unknown> | undefined;

  const endWith = (graceMs: number) => endTree({ pid, pidStartTime: startTime, mark, graceMs });
  const end = async (cause: EndedBy, graceMs = GRACE_MS): Promise<void> => {
    ending ??= setOut(cause, graceMs);
    await Promise.all([ending, exited]);
  };
  const setOut = async (cause: EndedBy, graceMs: number): Promise<void> => {
    if (endedBy === undefined) {
      endedBy = cause;
      await record({ endedBy });
    }
    await endWith(graceMs);
  };

  const output = watchOutput([dir.stdout, dir.stderr, dir.result], limits.stallMs, () => void end('stall'));
  const wall = setTimeout(() => void end('wall_limit'), Math.min(limits.wallMs, LONGEST_TIMER_MS));
  const exited = ended.then(async (end): Promise<Exit> => {
    clearTimeout(wall);
    output.stop();
    endedBy ??= 'itself';
    const exit: Exit = { ...end, endedBy, durationMs: Math.round(performance.now() - since) };
    await ending;
    await endWith(LEFTOVER_GRACE_MS);
    await record({ exit });
    return exit;
  });
  return { kind: 'started', pid, startTime, exited, end, lastOutputAt: output.lastAt };
}

/** Reads sizes on the monotonic clock: a laptop that slept for an hour has not been silent for an hour. */
function watchOutput(files: readonly string[], stallMs: number, onStall: () => void): { lastAt: () => number; stop: () => void } {
  const sizes = () => files.map(sizeOf).join();
  let seen = sizes();
  let grewAt = performance.now();
  let lastAt = Date.now();
  const timer = setInterval(
    () => {
      const now = sizes();
      if (now !== seen) {
        seen = now;
        grewAt = performance.now();
        lastAt = Date.now();
      } else if (performance.now() - grewAt >= stallMs) onStall();
    },
    Math.min(stallMs / 5, 5000),
  );
  return { lastAt: () => lastAt, stop: () => clearInterval(timer) };
}

/** An agent may take the folder's rights away; thrown in a timer, that would end the worker and not the agent. */
function sizeOf(file: string): number {
  try {
    return statSync(file).size;
  } catch {
    return 0;
  }
}
