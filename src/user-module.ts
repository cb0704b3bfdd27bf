// A JavaScript module of the user's that outlive.yaml names: what its default export is.

import { existsSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { ConfigError } from './config.ts';
import { sayError } from './domain/say-error.ts';

export interface UserModule {
  /** Absolute. */
  readonly file: string;
  /** Of outlive.yaml. */
  readonly key: string;
  /** Where that is; missing where there is none. */
  readonly source: string | undefined;
  /** What its default export has to be. */
  readonly form: string;
}

/** Throws ConfigError where the module is missing, throws, or has no default export. */
export async function loadUserModule(user: UserModule): Promise<unknown> {
  const { file, form } = user;
  if (!existsSync(file)) throw refused(user, `there is no such file; expected a JavaScript module with ${form}`);
  const loaded = await import(pathToFileURL(file).href).catch((error: unknown) => {
    throw refused(user, `cannot be loaded: ${sayError(error)}; put that right and start again`);
  });
  const { default: exported } = loaded as { readonly default?: unknown };
  if (exported === undefined) throw refused(user, `has no default export; expected ${form}`);
  return exported;
}

export const refused = ({ file, key, source }: UserModule, says: string): ConfigError =>
  new ConfigError([`${file}: ${says} (${key} in ${source ?? 'the configuration'})`]);
