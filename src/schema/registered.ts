// What a worker has beside Outlive's own agents and kinds of outputs, by name, as far as a task's spec is checked against it.

import { sayError } from '../domain/say-error.ts';
import type { OutputReach } from '../domain/task.ts';

export interface Registered {
  readonly agents?: RegisteredAgents;
  readonly outputs?: RegisteredOutputs;
}

interface Refuses {
  refuse?(options: Options): string | undefined;
}
export type Options = Readonly<Record<string, unknown>>;
export type RegisteredAgents = Readonly<Record<string, Refuses>>;
export type RegisteredOutputs = Readonly<Record<string, Refuses & { readonly reach?: OutputReach; readonly make?: unknown }>>;

/** What a check of the user's own says of the options; where it breaks, that. */
export function problemOf(registered: Refuses, options: unknown, what: 'agent' | 'output'): string | undefined {
  try {
    return registered.refuse?.(isOptions(options) ? options : {});
  } catch (error) {
    return `the ${what}'s own check of them failed: ${sayError(error)}`;
  }
}

const isOptions = (value: unknown): value is Options => typeof value === 'object' && value !== null && !Array.isArray(value);
