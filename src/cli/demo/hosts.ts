// The hosts of the demo: workers as processes of their own, with a state directory of their own.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { openSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { KEY_NAME, REVOKED_FILE } from './stories.ts';

/** Short, because the demo has no night to wait through. */
const TIMING = 'timing: {heartbeat: 10s, lease: 10s, backoff: 1s, decline: 500ms}\nthresholds: {look: 500ms, recheck: 1s}\n';
const STOP_MS = 12_000;

export interface Hosts {
  stop(): Promise<void>;
}

interface HostsWanted {
  readonly names: readonly string[];
  readonly folder: string;
  readonly address: string;
  readonly env: NodeJS.ProcessEnv;
  readonly forge: { readonly api: string; readonly token: string };
}

/** Resolves once every host takes runs; throws with a worker's last words where one does not come up. */
export async function startHosts({ names, folder, address, env, forge }: HostsWanted): Promise<Hosts> {
  const config = join(folder, 'outlive.yaml');
  // Exit 10 is "not valid": while that file is there, the key is revoked.
  const check = JSON.stringify(['sh', '-c', 'test ! -e "$0" || exit 10', join(folder, REVOKED_FILE)]);
  const credentials = `credentials: {${KEY_NAME}: {env: DEMO_KEY, check: {command: ${check}}}}\n`;
  await writeFile(config, `${TIMING}${credentials}forge: {api: '${forge.api}'}\n`);
  const settings = {
    ...env,
    TEMPORAL_ADDRESS: address,
    TEMPORAL_NAMESPACE: 'default',
    XDG_STATE_HOME: join(folder, 'state'),
    OUTLIVE_CONFIG: config,
    GITHUB_TOKEN: forge.token,
    DEMO_KEY: 'the-key-of-the-demo',
  };
  const workers = names.map((name) => startWorker(name, join(folder, `${name}.log`), settings));
  const stop = async () => {
    await Promise.all(workers.map(({ child }) => end(child)));
  };
  try {
    await Promise.all(workers.map((worker) => worker.ready));
  } catch (error) {
    await stop();
    throw error;
  }
  return { stop };
}

function startWorker(name: string, log: string, env: NodeJS.ProcessEnv): { readonly child: ChildProcess; readonly ready: Promise<void> } {
  const isSource = import.meta.url.endsWith('.ts');
  const main = fileURLToPath(new URL(`../main.${isSource ? 'ts' : 'js'}`, import.meta.url));
  const args = [...(isSource ? ['--import', import.meta.resolve('tsx')] : []), main, 'worker', '--host-id', name, '--capacity', '3'];
  const child = spawn(process.execPath, args, { env, stdio: ['ignore', 'pipe', openSync(log, 'a')] });
  const ready = new Promise<void>((resolve, reject) => {
    let said = '';
    child.stdout?.on('data', (chunk) => {
      said += String(chunk);
      if (said.includes('ready')) resolve();
    });
    child.once('error', reject);
    child.once('exit', async (code, signal) => {
      reject(new Error(`The host ${name} ended (${signal ?? code}) before it took a run:\n${await readFile(log, 'utf8').catch(() => '')}`));
    });
  });
  return { child, ready };
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, 'exit');
  child.kill('SIGTERM');
  const late = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
  await gone;
  clearTimeout(late);
}
