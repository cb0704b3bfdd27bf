// Which credentials a run has on this host. Their values stay in this process and in the agent's environment; what is told
// of them is a keyed hash.

import { createHmac } from 'node:crypto';
import { type CredentialSettings, type CredentialUsed, USUAL } from '../domain/credential.ts';
import type { Task } from '../domain/task.ts';

/** One as it is here. `value` is missing for a login. */
export interface Credential {
  readonly used: CredentialUsed;
  readonly settings: CredentialSettings;
  readonly value?: string;
  /** The environment that it is used in. */
  readonly env: NodeJS.ProcessEnv;
  /** Nobody named it: the agent may be let in by something else, of which nothing is known here. */
  readonly implied?: true;
}

export interface CredentialStore {
  readonly settings: Readonly<Record<string, CredentialSettings>>;
  readonly env: NodeJS.ProcessEnv;
  /** Of the keyed hashes: the same on every host that shall know the same value for the same. */
  readonly hashKey: string;
}

/** This host has none of that name, or no value for it. The message says what to set. */
export class CredentialMissing extends Error {
  override readonly name = 'CredentialMissing';
  /** What the run needs is not on this host, as with a program. */
  readonly code = 'ENOENT';
  readonly credential: string;
  constructor(credential: string, message: string) {
    super(message);
    this.credential = credential;
  }
}

/** `usual`: the variables that the agent's provider's tools read; asked only where the task names none. Throws CredentialMissing. */
export function credentialsOf(
  host: CredentialStore,
  { credentials, agent, env }: Pick<Task, 'credentials' | 'agent' | 'env'>,
  usual: readonly string[],
): readonly Credential[] {
  // A task may bring its own, and say where its provider is.
  const store = { ...host, env: { ...host.env, ...env } };
  if (credentials) return credentials.map((name) => named(store, name));
  const set = usual.filter((variable) => store.env[variable]).map((variable) => credentialIn(store, variable));
  return set.length > 0 ? set : loginOf(store, agent.use);
}

/** Of the variables that are set, those that a run gets. */
export const variablesOf = (credentials: readonly Credential[]): readonly string[] =>
  credentials.flatMap(({ settings }) => (settings.kind === 'env' ? [settings.env] : []));

/** Every one that is configured, and the usual ones that are set. */
export function allCredentials(store: CredentialStore): readonly (Credential | CredentialMissing)[] {
  const usual = Object.keys(USUAL).filter((name) => !Object.hasOwn(store.settings, name) && store.env[USUAL[name]?.env ?? '']);
  return [...Object.keys(store.settings), ...usual].map((name) => {
    try {
      return named(store, name);
    } catch (error) {
      if (error instanceof CredentialMissing) return error;
      throw error;
    }
  });
}

/** Throws CredentialMissing. */
export function named(store: CredentialStore, name: string): Credential {
  const settings = Object.hasOwn(store.settings, name) ? store.settings[name] : USUAL[name];
  if (!settings)
    throw new CredentialMissing(name, `the credential ${name} is not known here: name it under credentials in outlive.yaml of this host`);
  const { env } = store;
  if (settings.kind === 'login') return { used: { name }, settings, env };
  const value = env[settings.env];
  if (!value)
    throw new CredentialMissing(name, `the credential ${name} has no value here: set ${settings.env} in the worker's environment`);
  return { used: { name, id: hashOf(store, value) }, settings, value, env };
}

/** By its configured or usual name where it has one, else by the variable. */
function credentialIn(store: CredentialStore, variable: string): Credential {
  const known = Object.entries({ ...USUAL, ...store.settings }).find(([, one]) => one.kind === 'env' && one.env === variable);
  const [name, settings] = known ?? [variable.toLowerCase().replaceAll('_', '-'), { kind: 'env', env: variable } as const];
  const value = store.env[variable] ?? '';
  return { used: { name, id: hashOf(store, value) }, settings, value, env: store.env };
}

function loginOf({ env }: CredentialStore, use: string): readonly Credential[] {
  const login = use === 'claude' || use === 'codex' || use === 'opencode' ? use : undefined;
  return login === undefined ? [] : [{ used: { name: `${login}-login` }, settings: { kind: 'login', login }, env, implied: true }];
}

const ID_LENGTH = 12;
const hashOf = ({ hashKey }: CredentialStore, value: string): string =>
  createHmac('sha256', hashKey).update(value).digest('hex').slice(0, ID_LENGTH);
