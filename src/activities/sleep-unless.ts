// A pause that a signal cuts short, and that leaves no listener behind.
import { setTimeout as sleep } from 'node:timers/promises';

export async function sleepUnless(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal, ref: false }).catch(() => undefined);
}
