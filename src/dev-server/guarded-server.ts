// A server under its guard, as the process that started it sees it.

import { type ChildProcess, spawn } from 'node:child_process';
import type { GuardMessage } from './guard-message.ts';
import { killGroup } from './kill-group.ts';
import { nodeArguments } from './node-entry.ts';

/** The guard gives the server 5 s; after this it has no excuse itself. */
const GUARD_PATIENCE_MS = 10_000;

/** How a server ended that nobody told to. */
export interface ServerEnd {
  readonly because: string;
  /** Its last output. */
  readonly tail: string;
}

export interface GuardedServer {
  /** The server's own; undefined where it could not be started at all. */
  readonly pid: number | undefined;
  /** How it ended, once it has. */
  ended(): ServerEnd | undefined;
  /** Resolves when neither the server nor its guard is left. */
  stop(): Promise<void>;
}

export interface ServerCommand {
  readonly binary: string;
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  readonly logFile: string | undefined;
}

/** Resolves once the server's process is there, or is known not to be. */
export async function startGuarded({ binary, args, env, logFile }: ServerCommand): Promise<GuardedServer> {
  const guard = spawn(process.execPath, [...nodeArguments('guard'), logFile ?? '', binary, ...args], {
    env,
    // A session and group of its own: no Ctrl-C in a terminal gets there before the starter had its say.
    detached: true,
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  const gone = new Promise<void>((resolve) => {
    guard.once('close', () => resolve());
    // Node has no `close` where this side ended the channel; where the guard did, its last message came before.
    guard.once('exit', () => !guard.connected && resolve());
    guard.once('error', () => resolve());
  });
  let pid: number | undefined;
  let end: ServerEnd | undefined;
  let guardWords = '';
  guard.stderr?.on('data', (chunk: Buffer) => {
    guardWords = (guardWords + chunk.toString()).slice(-4000);
  });
  const told = new Promise<void>((resolve) => {
    guard.on('message', (message: GuardMessage) => {
      if (message.kind === 'started') pid = message.pid;
      else end = { because: message.because, tail: message.tail };
      resolve();
    });
  });
  // A guard that dies without a word must not leave its server behind.
  const cleared = gone.then(() => {
    end ??= { because: 'its guard process died', tail: guardWords };
    killGroup(guard);
  });
  await Promise.race([told, cleared]);
  let stopping: Promise<void> | undefined;
  return {
    get pid() {
      return pid;
    },
    ended: () => end,
    stop: () => {
      stopping ??= stopGuard(guard, cleared);
      return stopping;
    },
  };
}

async function stopGuard(guard: ChildProcess, cleared: Promise<void>): Promise<void> {
  const last = setTimeout(() => killGroup(guard), GUARD_PATIENCE_MS);
  if (guard.connected) guard.disconnect();
  await cleared;
  clearTimeout(last);
}
