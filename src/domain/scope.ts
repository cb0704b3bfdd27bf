// What many tasks can share, and so can fail by: a host, a credential, a provider. A scope names one of them, everywhere:
// `host/h1`, `credential/anthropic@3f9c2a7b41de`, `provider/anthropic`.

export const SCOPE_KINDS = ['host', 'credential', 'provider'] as const;
export type ScopeKind = (typeof SCOPE_KINDS)[number];

export interface Scope {
  readonly kind: ScopeKind;
  /** Of a credential: its name, then the keyed hash of its value or, for one without a value, its host. */
  readonly name: string;
}

const NAME = /^[A-Za-z0-9][A-Za-z0-9._@-]{0,127}$/;

export const sayScope = ({ kind, name }: Scope): string => `${kind}/${name}`;

/** Undefined where it names none. */
export function readScope(text: string): Scope | undefined {
  const [, kind = '', name = ''] = /^([a-z]+)\/(.+)$/.exec(text) ?? [];
  const known = SCOPE_KINDS.find((one) => one === kind);
  return known !== undefined && NAME.test(name) ? { kind: known, name } : undefined;
}

/** What people call it: the name of a credential is what they put right, whatever its value is on which host. */
export const pagedAs = ({ kind, name }: Scope): string =>
  kind === 'credential' ? `credential/${name.replace(/@.*$/, '')}` : sayScope({ kind, name });
