// A worker as a process of its own, as in production: what one holds in memory does not weigh on the other.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/** As it is shipped. */
export const OUTLIVE = fileURLToPath(new URL('../dist/cli/main.js', import.meta.url));

/** `folder`: for the state of all of them. */
export const workerEnv = (address: string, folder: string): NodeJS.ProcessEnv => ({
  ...process.env,
  TEMPORAL_ADDRESS: address,
  TEMPORAL_NAMESPACE: 'default',
  XDG_STATE_HOME: folder,
  OUTLIVE_LOG: 'error',
});

/** Resolves once it says that it is ready; `onSpawn` has it before, so that it can be ended whatever becomes of it. */
export async function startWorker(args: readonly string[], env: NodeJS.ProcessEnv, onSpawn: (child: ChildProcess) => void): Promise<void> {
  const child = spawn(process.execPath, args, { env, stdio: ['ignore', 'pipe', 'inherit'] });
  onSpawn(child);
  await new Promise<void>((resolve, reject) => {
    child.stdout?.on('data', (chunk) => String(chunk).includes('ready') && resolve());
    child.once('exit', (code) => reject(new Error(`worker ${args.at(-1)} ended with ${code}; has the project been built?`)));
  });
}

export async function endWorker(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return;
  child.kill('SIGTERM');
  await once(child, 'exit');
}
