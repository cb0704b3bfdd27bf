// What a driver is told: a program of Outlive's that starts an agent and speaks its protocol. It is the supervised process,
// so that the conversation outlives the worker, and it ends with the run's tree like everything in it.

import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

export type DriverKind = 'acp' | 'app-server' | 'module';

export const DRIVER_ORDER_FILE = 'driver.json';

/** The bundle of the build; from source, that of the last build. */
const built = (kind: DriverKind): string =>
  fileURLToPath(new URL(import.meta.url.endsWith('.ts') ? `../../../dist/host/drivers/${kind}.mjs` : `./${kind}.mjs`, import.meta.url));

/** The argv of a driver whose order is in `file`. */
export const driverArgv = (kind: DriverKind, file: string): string[] => [process.execPath, built(kind), file];

/** For drivers: what their worker has told them, the agent's `argv` and what its adapter says. JSON that the worker has written itself. */
export async function readDriverOrder<Told>(): Promise<Told> {
  const [file] = process.argv.slice(2);
  if (file === undefined) throw new Error('a driver wants the file with its order as its only argument');
  return JSON.parse(await readFile(file, 'utf8')) as Told;
}
