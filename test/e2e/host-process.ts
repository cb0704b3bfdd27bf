// A worker as a process of its own, for what only such a one can suffer: SIGKILL and SIGTERM.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

export interface Host {
  readonly hostId: string;
  /** Resolves when the process is gone. May be called again. */
  end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void>;
  signal(signal: NodeJS.Signals): void;
  /** What it has logged so far; `env` says how much it does. */
  log(): string;
}

/** Takes runs of one pool only, and with the role `all` moves tasks on as well; resolves once it does. `env` says where the server, the configuration and the state are. */
export async function startHostProcess(hostId: string, pool: string, env: NodeJS.ProcessEnv, role: 'host' | 'all' = 'host'): Promise<Host> {
  const main = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));
  const args = ['--import', 'tsx', main, 'worker', '--host-id', hostId, '--pool', pool, '--role', role];
  const child = spawn(process.execPath, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
  let log = '';
  child.stderr?.on('data', (chunk) => {
    log += String(chunk);
  });
  const gone = once(child, 'exit');
  await new Promise<void>((ready, failed) => {
    child.stdout?.on('data', (chunk) => String(chunk).includes('ready') && ready());
    void gone.then(([code]) => failed(new Error(`the host ${hostId} ended with ${code}: ${log}`)));
  });
  return {
    hostId,
    end: async (signal) => {
      if (child.exitCode === null && child.signalCode === null) child.kill(signal);
      await gone;
    },
    signal: (signal) => void child.kill(signal),
    log: () => log,
  };
}
