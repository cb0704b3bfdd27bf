// One worker a host id: a second one would take the first one's runs for leftovers and end them.

import { mkdir, open, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type ProcessIdentity, processIdentity } from './process-tree.ts';

class HostTaken extends Error {
  readonly code = 'host_taken';
  override readonly name = 'HostTaken';
}

/** Takes the host for this process and gives back how to let it go. Throws HostTaken while another living process holds it. */
export async function lockHost(state: string, host: string): Promise<() => Promise<void>> {
  await mkdir(state, { recursive: true });
  const path = join(state, 'worker.lock');
  for (;;) {
    if (await take(path)) return () => rm(path, { force: true });
    const holder = await readHolder(path);
    if (holder && processIdentity(holder.pid)?.startTime === holder.startTime) {
      throw new HostTaken(
        `Another worker of the host "${host}" is running here (pid ${holder.pid}). Stop it first, or give this one a name of its own with --host-id.`,
      );
    }
    await rm(path, { force: true });
  }
}

async function take(path: string): Promise<boolean> {
  try {
    const file = await open(path, 'wx');
    await file.writeFile(JSON.stringify(processIdentity(process.pid)));
    await file.close();
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

async function readHolder(path: string): Promise<ProcessIdentity | undefined> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as ProcessIdentity;
  } catch {
    return undefined;
  }
}
