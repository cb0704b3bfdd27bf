// Makes the supervisor and each driver one file: they have to start fast, and nothing may be changed under them while they run.

import { rename } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import type { DriverKind } from '../src/host/drivers/driver-order.ts';

const path = (name: string): string => fileURLToPath(new URL(`../${name}`, import.meta.url));
/** Beside the drivers themselves there is what they share. */
const DRIVERS = ['acp', 'app-server', 'module'] satisfies DriverKind[];

export async function bundleSupervisor(): Promise<void> {
  await Promise.all([bundle('host/supervisor', 'cjs'), ...DRIVERS.map((driver) => bundle(`host/drivers/${driver}`, 'esm'))]);
}

async function bundle(name: string, format: 'cjs' | 'esm'): Promise<void> {
  const outfile = path(`dist/${name}.${format === 'cjs' ? 'cjs' : 'mjs'}`);
  const beside = `${outfile}.${process.pid}.tmp`;
  await build({
    entryPoints: [path(`src/${name}.ts`)],
    outfile: beside,
    bundle: true,
    platform: 'node',
    target: 'node20',
    format,
    // The user's own module may be TypeScript: what loads it is a package that cannot be bundled.
    external: ['tsx', 'tsx/*'],
  });
  // As a whole: a worker may be about to start one from it.
  await rename(beside, outfile);
}
