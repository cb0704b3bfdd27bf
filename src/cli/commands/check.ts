// `outlive check`: are the credentials of this machine valid, now? What it asks is free, and its answers are not kept.

import { type Config, loadConfig } from '../../config.ts';
import { connectionOptions } from '../../connection.ts';
import { type CredentialChecked, sayCredential } from '../../domain/credential.ts';
import { checkOne } from '../../host/credential-check.ts';
import { allCredentials, type Credential, CredentialMissing, type CredentialStore, named } from '../../host/credentials.ts';
import { redactFor } from '../../host/redact.ts';
import { CliError, EXIT, type ExitCode } from '../errors.ts';
import type { Ink, Paint } from '../ink.ts';
import { columns, plain } from '../layout.ts';
import type { Screen } from '../screen.ts';

interface Row {
  readonly credential: string;
  readonly state: CredentialChecked['state'] | 'missing';
  readonly evidence: string;
}

/** Exit 0 where all are valid; 1 where one is not, is missing, or could not be told. */
export async function check(name: string | undefined, screen: Screen): Promise<ExitCode> {
  const config = await loadConfig({ env: screen.env, cwd: process.cwd() });
  const store = storeOf(config, screen);
  const found = name === undefined ? allCredentials(store) : [one(store, name)];
  const redact = redactFor(screen.env);
  const rows = redact.json(await Promise.all(found.map((credential) => rowOf(credential))));
  screen.give(rows);
  screen.say(rows.length === 0 ? NONE : render(rows, screen.ink));
  return rows.every(({ state }) => state === 'valid') && rows.length > 0 ? EXIT.ok : EXIT.notSo;
}

const NONE = 'No credential is configured, and none of the usual variables is set: name them under credentials in outlive.yaml.';

function storeOf({ credentials, hashKeyFrom }: Config, { env }: Screen): CredentialStore {
  const { namespace } = connectionOptions(env);
  return { settings: credentials, env, hashKey: (hashKeyFrom === undefined ? undefined : env[hashKeyFrom]) ?? namespace };
}

function one(store: CredentialStore, name: string): Credential {
  try {
    return named(store, name);
  } catch (error) {
    if (error instanceof CredentialMissing) throw new CliError('not_found', `${error.message}.`);
    throw error;
  }
}

async function rowOf(credential: Credential | CredentialMissing): Promise<Row> {
  if (credential instanceof CredentialMissing) return { credential: credential.credential, state: 'missing', evidence: credential.message };
  return { credential: sayCredential(credential.used), ...(await checkOne(credential)) };
}

function render(rows: readonly Row[], ink: Ink): string {
  return columns(
    rows.map(({ credential, state, evidence }) => [credential, { text: WORDS[state], paint: paintOf(state, ink) }, plain(evidence)]),
  );
}

const WORDS: Readonly<Record<Row['state'], string>> = {
  valid: 'valid',
  changed: 'changed',
  invalid: 'not valid',
  unknown: 'could not tell',
  missing: 'missing',
};

function paintOf(state: Row['state'], ink: Ink): Paint {
  if (state === 'valid') return ink.green;
  return state === 'unknown' ? ink.yellow : ink.red;
}
