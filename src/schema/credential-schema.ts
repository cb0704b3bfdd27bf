// The form of the credentials in outlive.yaml. Values stand in the environment of the workers, never in the file.

import { z } from 'zod';
import { type CheckSettings, type CredentialSettings, LOGINS, PROVIDERS } from '../domain/credential.ts';
import { expected, expectedSilently } from './expected.ts';
import { argv, isAddress, mapping, text } from './fields.ts';

export const CREDENTIAL_NAME = /^[a-z][a-z0-9-]{0,62}$/;

const ADDRESS_FORM = 'an address of http or https, without credentials in it';
const address = z.string({ error: expectedSilently(ADDRESS_FORM) }).refine(isAddress, { error: expectedSilently(ADDRESS_FORM) });
const statuses = z.array(z.number().int().min(100).max(599), { error: expected('a list of HTTP statuses, such as [200]') }).min(1);

const http = mapping(
  {
    url: address,
    header: text('the name of a header', { pattern: /^[A-Za-z][A-Za-z0-9-]*$/ }).exactOptional(),
    prefix: z.string().exactOptional(),
    valid: statuses.exactOptional(),
    invalid: statuses.exactOptional(),
  },
  '{url: …, header: authorization, prefix: "Bearer ", valid: [200], invalid: [401, 403]}',
);

const CHECK_FORM = `one of ${PROVIDERS.join(', ')}, or {http: {url: …}}, or {command: [./check.sh]}`;
const check = z.union([z.enum(PROVIDERS), z.strictObject({ http }), z.strictObject({ command: argv('[./check.sh]') })], {
  error: expected(CHECK_FORM),
});

const VARIABLE = 'the name of a variable of the environment, such as ANTHROPIC_API_KEY (the value itself does not belong here)';
const CREDENTIAL_FORM = 'a credential such as {env: ANTHROPIC_API_KEY, check: anthropic} or {login: claude}';
const inEnvironment = z.strictObject(
  {
    env: z.string({ error: expectedSilently(VARIABLE) }).regex(/^[A-Za-z_][A-Za-z0-9_]*$/, { error: expectedSilently(VARIABLE) }),
    check: check.exactOptional(),
    baseUrl: address.exactOptional(),
  },
  { error: expectedSilently(CREDENTIAL_FORM) },
);
const login = z.strictObject({ login: z.enum(LOGINS) }, { error: expectedSilently(CREDENTIAL_FORM) });

export const credentials = z.record(
  z.string().regex(CREDENTIAL_NAME),
  z.union([inEnvironment, login], { error: expectedSilently(CREDENTIAL_FORM) }),
  {
    error: (issue) =>
      issue.code === 'invalid_key'
        ? 'no name for a credential; expected 1 to 63 characters a-z, 0-9 and -, a letter first'
        : expectedSilently('a mapping such as {anthropic: {env: ANTHROPIC_API_KEY, check: anthropic}}')(issue),
  },
);

export function credentialsOf(given: z.output<typeof credentials>): Readonly<Record<string, CredentialSettings>> {
  return Object.fromEntries(Object.entries(given).map(([name, one]) => [name, credentialOf(one)]));
}

function credentialOf(given: z.output<typeof credentials>[string]): CredentialSettings {
  if ('login' in given) return { kind: 'login', login: given.login };
  const { env, check: how, baseUrl } = given;
  return { kind: 'env', env, ...(how === undefined ? {} : { check: checkOf(how, baseUrl) }) };
}

function checkOf(how: z.output<typeof check>, baseUrl: string | undefined): CheckSettings {
  if (typeof how === 'string') return { kind: how, ...(baseUrl === undefined ? {} : { baseUrl: baseUrl.replace(/\/+$/, '') }) };
  if ('command' in how) return { kind: 'command', argv: how.command };
  const { url, header = 'authorization', prefix = 'Bearer ', valid = [200], invalid = [401, 403] } = how.http;
  return { kind: 'http', url, header, prefix, valid, invalid };
}
