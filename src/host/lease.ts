// How long an agent may live without anybody who is known to the server. Every answered heartbeat of the run's own
// task token moves the end; the supervisor stops an agent whose lease has run out (DESIGN §3).
//
// The clock is the machine's time since boot, sleep included: a wall clock that is set must neither end an agent nor keep it.

import { uptime } from 'node:os';
import { readJson, replaceFile } from './durable-file.ts';

/** Seconds since boot. */
export const leaseClock = uptime;

export async function writeLease(path: string, until: number): Promise<void> {
  await replaceFile(path, { until });
}

/** The end of the lease on the lease's clock; undefined where it cannot be read: then the end that is known stands. */
export async function readLease(path: string): Promise<number | undefined> {
  const value = await readJson(path).catch(() => undefined);
  const until = (value as { until?: unknown } | undefined)?.until;
  return typeof until === 'number' ? until : undefined;
}
