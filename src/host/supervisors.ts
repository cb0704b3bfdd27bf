// The supervisors of a worker: processes of their own, which live on when the worker dies. One is always ready, because
// Node takes longer to start than a short run takes; one that has done its run takes another.

import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Exit } from '../domain/run.ts';
import { type ProcessIdentity, processIdentity } from './process-tree.ts';
import type { RunOrder, SupervisorNews } from './supervisor-messages.ts';

/** One that nobody needs ends after this, but for the one that is kept ready. */
const IDLE_MS = 60_000;
/** V8 may take that much for a heap that holds next to nothing. */
const FRUGAL = ['--max-old-space-size=32', '--max-semi-space-size=1', '--v8-pool-size=0'];

export interface Supervisor extends ProcessIdentity {
  /** Does one run; `onEntered` is called with the agent's pid, once the journal has it. */
  run(order: RunOrder, onEntered: (pid: number) => void): SupervisedRun;
  /** Sends it away where it got no run: a journal may name it by now, and the run would pass for living as long as it lives. */
  release(): void;
}

export interface SupervisedRun {
  /** The exit as the supervisor told it, or undefined where it died first. Never rejects. */
  readonly over: Promise<Exit | undefined>;
}

export interface Supervisors {
  /** One that is free. Rejects with the system's error where none can be started. */
  take(): Promise<Supervisor>;
  /** Ends the free ones; those with a run live on. */
  close(): void;
}

interface Member {
  readonly child: ChildProcess;
  readonly supervisor: Supervisor;
  readonly gone: Promise<void>;
  idleSince: number;
}

/** The bundle of the build; from source, that of the last build. */
const built = fileURLToPath(
  new URL(import.meta.url.endsWith('.ts') ? '../../dist/host/supervisor.cjs' : './supervisor.cjs', import.meta.url),
);

export function createSupervisors(state: string): Supervisors {
  const free: Member[] = [];
  let closed = false;

  const start = async (): Promise<Member> => {
    const member = await startMember(state, (idle) => rest(idle));
    void member.gone.then(() => forget(member));
    return member;
  };
  const forget = (member: Member) => {
    const place = free.indexOf(member);
    if (place >= 0) free.splice(place, 1);
  };
  const rest = (member: Member) => {
    if (closed) return sendAway(member);
    member.idleSince = performance.now();
    free.push(member);
  };
  const keepOneReady = () => {
    if (!closed && free.length === 0) void start().then(rest, () => undefined);
  };
  const trim = setInterval(() => {
    const old = free.filter((member) => performance.now() - member.idleSince > IDLE_MS);
    for (const member of old.slice(0, Math.max(0, free.length - 1))) {
      forget(member);
      sendAway(member);
    }
  }, IDLE_MS / 2).unref();

  keepOneReady();
  return {
    take: async () => {
      const member = free.pop() ?? (await start());
      setImmediate(keepOneReady);
      return member.supervisor;
    },
    close: () => {
      closed = true;
      clearInterval(trim);
      for (const member of free.splice(0)) sendAway(member);
    },
  };
}

async function startMember(state: string, onIdle: (member: Member) => void): Promise<Member> {
  mkdirSync(state, { recursive: true });
  const log = openSync(join(state, 'supervisors.log'), 'a', 0o600);
  let child: ChildProcess;
  try {
    child = spawn(process.execPath, [...FRUGAL, built], {
      cwd: state,
      // Nothing of the worker's environment: an agent's comes with its order.
      env: {},
      stdio: ['ignore', log, log, 'ipc'],
      detached: true,
    });
  } finally {
    closeSync(log);
  }
  const { pid } = child;
  if (pid === undefined) return new Promise((_, reject) => child.once('error', reject));
  const { startTime } = processIdentity(pid) ?? { startTime: 0 };
  // Neither the process nor the channel to it keeps a worker alive that wants to end.
  child.unref();
  child.channel?.unref();
  const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const supervisor: Supervisor = {
    pid,
    startTime,
    run: (order, onEntered) => ({ over: runOn(child, gone, order, onEntered).finally(() => child.connected && onIdle(member)) }),
    release: () => sendAway(member),
  };
  const member: Member = { child, supervisor, gone, idleSince: performance.now() };
  return member;
}

/** Node throws where the channel is closed already, because the process has died. */
function sendAway({ child }: Member): void {
  if (child.connected) child.disconnect();
}

function runOn(child: ChildProcess, gone: Promise<void>, order: RunOrder, onEntered: (pid: number) => void): Promise<Exit | undefined> {
  return new Promise((resolve) => {
    const hear = (news: SupervisorNews) => {
      if (news.kind === 'entered') return onEntered(news.pid);
      child.off('message', hear);
      resolve(news.exit);
    };
    child.on('message', hear);
    child.send(order, (error) => error && resolve(undefined));
    void gone.then(() => resolve(undefined));
  });
}
