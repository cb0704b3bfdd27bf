// A worker in this process, from its first word to its last: says when it polls, ends by SIGTERM or SIGINT.

import { hostname } from 'node:os';
import type { Config } from '../config.ts';
import type { ServerTarget } from '../connection.ts';
import type { Ready, Role } from '../worker.ts';
import { hostIdFrom } from './args.ts';
import type { Screen } from './screen.ts';

export interface WorkerOptions {
  readonly hostId?: string;
  readonly pool?: readonly string[];
  readonly capacity?: number;
  readonly role?: Role;
  readonly config?: string;
}

export const hostIdOf = (options: WorkerOptions): string => options.hostId ?? hostIdFrom(hostname());

/** Resolves once the worker has ended. `onReady` is told after the `ready` line is out. */
export async function serveWorker(
  options: WorkerOptions,
  config: Config,
  target: ServerTarget,
  screen: Screen,
  onReady?: () => void,
): Promise<void> {
  const { runWorker } = await import('../worker.ts');
  const ending = endBySignal(screen);
  try {
    await runWorker({
      hostId: hostIdOf(options),
      pools: options.pool ?? ['default'],
      capacity: options.capacity ?? 1,
      role: options.role ?? 'all',
      config,
      target,
      env: screen.env,
      signal: ending.signal,
      onReady: (ready) => {
        sayReady(ready, target, screen);
        onReady?.();
      },
    });
  } finally {
    ending.forget();
  }
}

function sayReady({ hostId, pools, role, identity, warning }: Ready, { address }: ServerTarget, screen: Screen): void {
  if (warning) screen.note(screen.warnInk.yellow(warning));
  screen.give({ ready: { host: hostId, pools, role, server: address, identity } });
  const serves = role === 'control' ? 'role=control' : `host=${hostId} pools=${pools.join(',')}`;
  screen.say(`${screen.ink.green('ready')} ${serves} server=${address}`);
}

const SIGNALS = ['SIGINT', 'SIGTERM'] as const;

/** The first signal ends the worker in good order, the second ends the process. */
function endBySignal(screen: Screen): { readonly signal: AbortSignal; forget(): void } {
  const ending = new AbortController();
  const hear = (signal: NodeJS.Signals) => {
    if (ending.signal.aborted) process.exit(signal === 'SIGINT' ? 130 : 143);
    screen.note('Ending within 10 s: no new runs are taken, living ones go on for the next worker of this host. Once more ends at once.');
    ending.abort();
  };
  for (const signal of SIGNALS) process.on(signal, hear);
  return { signal: ending.signal, forget: () => SIGNALS.forEach((signal) => void process.off(signal, hear)) };
}
