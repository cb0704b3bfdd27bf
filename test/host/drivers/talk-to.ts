// Starts a driver with an order, as a supervisor would, and gives what it said and how it ended.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import { endingOf } from '../../../src/agents/index.ts';
import type { Ending } from '../../../src/domain/ending.ts';
import { type DriverKind, driverArgv } from '../../../src/host/drivers/driver-order.ts';
import { tempFolder } from '../scratch.ts';

export interface Talk {
  readonly exitCode: number | undefined;
  readonly lines: readonly Record<string, unknown>[];
  readonly stderr: string;
  /** The same as its agent's reader reads it. */
  readonly read: Ending;
}

/** `until`: once it has said that, it gets a SIGTERM. */
export async function talkTo(kind: DriverKind, agent: string, order: object, until?: string): Promise<Talk> {
  const folder = await tempFolder();
  const file = join(folder, 'driver.json');
  writeFileSync(file, JSON.stringify(order));
  const [program = '', ...args] = driverArgv(kind, file);
  const child = execa(program, args, { cwd: folder, reject: false, timeout: 15_000, stdin: 'ignore' });
  let said = '';
  child.stdout?.on('data', (piece) => {
    said += piece;
    if (until !== undefined && said.includes(until)) child.kill('SIGTERM');
  });
  const { exitCode, stdout, stderr } = await child;
  const lines = `${stdout}`.split('\n').filter((line) => line.startsWith('{'));
  return {
    exitCode,
    stderr: `${stderr}`,
    lines: lines.map((line) => JSON.parse(line) as Record<string, unknown>),
    read: endingOf({ agent, stdoutTail: `${stdout}\n`, stderrTail: `${stderr}`, ...(exitCode === undefined ? {} : { exitCode }) }),
  };
}
