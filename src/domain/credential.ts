// What a run needs to be let in by its provider, as far as it may be told: its name and a keyed hash, never its value.

import type { Task } from './task.ts';

/** One that a run used. `id` is the same for the same value on every host of a namespace; a login without a key has none. */
export interface CredentialUsed {
  readonly name: string;
  readonly id?: string;
}

/** `unknown`: the check could not tell, which is never taken for invalid. `changed`: its value is another one than the run used. */
export interface CredentialChecked {
  readonly state: 'valid' | 'changed' | 'invalid' | 'unknown';
  /** One sentence. */
  readonly evidence: string;
  /** Where it is invalid: the scope of the incident that this opens. */
  readonly incident?: string;
}

/** As the configuration names it: a variable of the worker's environment, or a login of the host's own. */
export type CredentialSettings =
  | { readonly kind: 'env'; readonly env: string; readonly check?: CheckSettings }
  | { readonly kind: 'login'; readonly login: Login };

export const LOGINS = ['claude', 'codex', 'opencode'] as const;
export type Login = (typeof LOGINS)[number];

export const PROVIDERS = ['anthropic', 'openai', 'gemini', 'github'] as const;
export type CheckedProvider = (typeof PROVIDERS)[number];

/** How it can be checked for free. Statuses of HTTP. */
export type CheckSettings =
  | { readonly kind: CheckedProvider; readonly baseUrl?: string }
  | {
      readonly kind: 'http';
      readonly url: string;
      /** The header that carries it, and what stands before it there. */
      readonly header: string;
      readonly prefix: string;
      readonly valid: readonly number[];
      readonly invalid: readonly number[];
    }
  | { readonly kind: 'command'; readonly argv: readonly string[] };

/** Credentials that need no configuration: by the variables that the providers' own tools read. */
export const USUAL: Readonly<Record<string, CredentialSettings & { readonly kind: 'env' }>> = {
  anthropic: { kind: 'env', env: 'ANTHROPIC_API_KEY', check: { kind: 'anthropic' } },
  openai: { kind: 'env', env: 'OPENAI_API_KEY', check: { kind: 'openai' } },
  gemini: { kind: 'env', env: 'GEMINI_API_KEY', check: { kind: 'gemini' } },
  github: { kind: 'env', env: 'GITHUB_TOKEN', check: { kind: 'github' } },
};

/** `anthropic@3f9c2a7b41de`. */
export const sayCredential = ({ name, id }: CredentialUsed): string => (id === undefined ? name : `${name}@${id}`);

/** Whom the logins and the agents without a named credential talk to. */
const PROVIDER_OF: Readonly<Record<string, string>> = {
  'claude-login': 'anthropic',
  'codex-login': 'openai',
  claude: 'anthropic',
  codex: 'openai',
};

/**
 * The provider that a run depends on, by the name that its users know: that of the first credential that its spec names, else
 * of the first that it was let in with, else of its agent.
 */
export function providerOf({ credentials, agent }: Pick<Task, 'credentials' | 'agent'>, used: readonly CredentialUsed[]): string {
  const name = credentials?.[0] ?? used[0]?.name ?? agent.use;
  return PROVIDER_OF[name] ?? name;
}
