// Makes the supervisor one file without dependencies: it has to start fast, and nothing may be changed under it while it runs.

import { rename } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const path = (name: string): string => fileURLToPath(new URL(`../${name}`, import.meta.url));

export async function bundleSupervisor(): Promise<void> {
  const outfile = path('dist/host/supervisor.cjs');
  const beside = `${outfile}.${process.pid}.tmp`;
  await build({
    entryPoints: [path('src/host/supervisor.ts')],
    outfile: beside,
    bundle: true,
    platform: 'node',
    target: 'node20',
    format: 'cjs',
  });
  // As a whole: a worker may be about to start one from it.
  await rename(beside, outfile);
}
