// One Temporal server and one bundle of the workflows for all tests of the project `server`. A test file takes its own
// queue and workflow ids; only a test that ends the server starts one for itself.
//
//   import { inject } from 'vitest';
//   const address = inject('temporalAddress');
//   const workflowBundle = { codePath: inject('workflowBundlePath') };

import { rmSync } from 'node:fs';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundleWorkflowCode, DefaultLogger } from '@temporalio/worker';
import type { TestProject } from 'vitest/node';
import { startDevServer } from '../src/dev-server.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** `host:port` of a tuned server: its timers fire to the millisecond. */
    temporalAddress: string;
    temporalNamespace: string;
    /** For `Worker.create({workflowBundle: {codePath}})`. */
    workflowBundlePath: string;
  }
}

export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const folder = await mkdtemp(join(tmpdir(), 'outlive-bundle-'));
  const workflowBundlePath = join(folder, 'workflows.cjs');
  await writeFile(workflowBundlePath, await bundle());
  const server = await startDevServer({ uiPort: false, progress: (line) => process.stderr.write(`${line}\n`) });
  project.provide('temporalAddress', server.address);
  project.provide('temporalNamespace', server.namespace);
  project.provide('workflowBundlePath', workflowBundlePath);
  return async () => {
    await server.stop();
    // Not the promise of rm(): it was seen never to settle here, and vitest then ends without a word.
    rmSync(folder, { recursive: true, force: true });
  };
}

async function bundle(): Promise<string> {
  const workflowsPath = fileURLToPath(new URL('../src/workflows', import.meta.url));
  const { code } = await bundleWorkflowCode({ workflowsPath, logger: new DefaultLogger('WARN') });
  return code;
}
