// Kinds of outputs of the user's own: those that `outputs` in outlive.yaml names, and those that a worker is given in code.

import type { Config } from './config.ts';
import { OUTPUT_NAME } from './domain/names.ts';
import type { OwnOutputs, OwnOutputType } from './outputs/own.ts';
import { BUILT_IN_KINDS } from './schema/task-schema.ts';
import { loadUserModule, refused, type UserModule } from './user-module.ts';

const FORM = 'a default export with a kind of output by each name, such as {ticket: {probe: async ({options}) => ({state, evidence})}}';

/** Those of the module that the configuration names; none where it names none. Throws ConfigError. */
export async function loadOutputs({ outputs: file, source }: Config): Promise<OwnOutputs> {
  if (file === undefined) return {};
  const user: UserModule = { file, key: 'outputs', source, form: FORM };
  const exported = await loadUserModule(user);
  const wrong = whatIsWrongWithOutputs(exported);
  if (wrong !== undefined) throw refused(user, wrong);
  return exported as OwnOutputs;
}

/** The first thing that keeps a value from being a registry of outputs; undefined where nothing does. */
export function whatIsWrongWithOutputs(exported: unknown): string | undefined {
  if (typeof exported !== 'object' || exported === null) return `its default export is no mapping; expected ${FORM}`;
  for (const [name, type] of Object.entries(exported as Record<string, Partial<OwnOutputType> | undefined>)) {
    if (!OUTPUT_NAME.test(name))
      return `${JSON.stringify(name)} is no name for an output; expected 1 to 63 characters a-z, 0-9, - and _, a letter first`;
    if (BUILT_IN_KINDS.some((kind) => kind === name)) return `there is an output named ${name} already; expected another name`;
    if (typeof type?.probe !== 'function')
      return `the output ${name} has no function probe; expected async ({options}) => ({state, evidence})`;
    if (type.reach !== undefined && type.reach !== 'host' && type.reach !== 'world')
      return `the reach of the output ${name} is ${JSON.stringify(type.reach)}; expected host or world`;
    if (type.make !== undefined && typeof type.make !== 'function') return `make of the output ${name} is no function`;
    if (type.make && type.reach === 'host')
      return `the output ${name} is made by Outlive, which need not happen on the host that alone can see it; expected reach: world`;
  }
  return undefined;
}
