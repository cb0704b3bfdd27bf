// Which Temporal CLI this version of Outlive wants: the wrapper module in `tools/temporal-server` says it, once.

import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const MODULE = fileURLToPath(new URL('../../tools/temporal-server', import.meta.url));

/** The files of the wrapper module, which Go needs for a build. */
export const MODULE_FILES = ['go.mod', 'go.sum', 'tools.go'] as const;

export interface Pin {
  /** Folder of the wrapper module; may be read-only. */
  readonly module: string;
  /** Of the Temporal CLI, without the `v`. */
  readonly version: string;
  /** Oldest Go that builds it. */
  readonly go: string;
  /** Names the binary in the cache: another version, other dependencies or another kind of machine is another binary. */
  readonly key: string;
}

/** Throws where the installation lacks the wrapper module. */
export async function readPin(): Promise<Pin> {
  const texts = await Promise.all(MODULE_FILES.map((file) => readFile(join(MODULE, file), 'utf8'))).catch((error) => {
    throw new Error(`This installation of outlive is not complete, ${MODULE} cannot be read; install it again. (${error.message})`);
  });
  const version = /github\.com\/temporalio\/cli v(\S+)/.exec(texts[0] ?? '')?.[1];
  const go = /^go (\S+)$/m.exec(texts[0] ?? '')?.[1];
  if (!version || !go)
    throw new Error(`${join(MODULE, 'go.mod')} names no version of Go or of github.com/temporalio/cli; install outlive again.`);
  const digest = createHash('sha256')
    .update([process.platform, process.arch, ...texts].join('\0'))
    .digest('hex');
  return { module: MODULE, version, go, key: `${version}-${digest.slice(0, 8)}` };
}
