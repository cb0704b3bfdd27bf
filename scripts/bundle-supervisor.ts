// Makes the supervisor one file without dependencies: it has to start fast, and nothing may be changed under it while it runs.

import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const path = (name: string): string => fileURLToPath(new URL(`../${name}`, import.meta.url));

export async function bundleSupervisor(): Promise<void> {
  await build({
    entryPoints: [path('src/host/supervisor.ts')],
    outfile: path('dist/host/supervisor.cjs'),
    bundle: true,
    platform: 'node',
    target: 'node20',
    format: 'cjs',
  });
}
