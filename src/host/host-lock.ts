// One worker a host id: a second one would take the first one's runs for leftovers and end them.
//
// Each worker has a file of its own, named after its process, and then looks for those of others. So nobody ever removes
// what may by now be the lock of somebody who lives; two that start at the same moment may both give way.

import { mkdir, open, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type ProcessIdentity, processIdentity } from './process-tree.ts';

class HostTaken extends Error {
  readonly code = 'host_taken';
  override readonly name = 'HostTaken';
  constructor(host: string, { pid }: ProcessIdentity) {
    super(
      `Another worker of the host "${host}" is running here (pid ${pid}). Stop it first, or give this one a name of its own with --host-id.`,
    );
  }
}

/** Takes the host for this process and gives back how to let it go. Throws HostTaken while another living worker has it. */
export async function lockHost(state: string, host: string): Promise<() => Promise<void>> {
  await mkdir(state, { recursive: true });
  const self = processIdentity(process.pid) ?? { pid: process.pid, startTime: 0 };
  const own = nameOf(self);
  if (!(await create(join(state, own)))) throw new HostTaken(host, self);
  const unlock = () => rm(join(state, own), { force: true });
  const other = await livingBeside(state, own);
  if (!other) return unlock;
  await unlock();
  throw new HostTaken(host, other);
}

const nameOf = ({ pid, startTime }: ProcessIdentity): string => `worker-${pid}-${startTime}.lock`;

function holderOf(name: string): ProcessIdentity | undefined {
  const [, pid, startTime] = /^worker-(\d+)-(\d+)\.lock$/.exec(name) ?? [];
  return pid && startTime ? { pid: Number(pid), startTime: Number(startTime) } : undefined;
}

/** False where it is there already. */
async function create(path: string): Promise<boolean> {
  try {
    await (await open(path, 'wx', 0o600)).close();
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

/** Removes what the dead have left. */
async function livingBeside(state: string, own: string): Promise<ProcessIdentity | undefined> {
  for (const name of await readdir(state)) {
    const holder = name === own ? undefined : holderOf(name);
    if (!holder) continue;
    if (processIdentity(holder.pid)?.startTime === holder.startTime) return holder;
    await rm(join(state, name), { force: true });
  }
  return undefined;
}
