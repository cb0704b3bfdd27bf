// Which credentials a run has, and what is told of them.

import { describe, expect, it } from 'vitest';
import { allCredentials, CredentialMissing, type CredentialStore, credentialsOf, variablesOf } from '../../src/host/credentials.ts';

const VALUE = 'sk-ant-0123456789';
const store = (over: Partial<CredentialStore> = {}): CredentialStore => ({ settings: {}, env: {}, hashKey: 'default', ...over });
const CLAUDE = ['ANTHROPIC_API_KEY', 'ANTHROPIC_AUTH_TOKEN'];

describe('the credentials of a run', () => {
  it('are those that its task names, by their names in the configuration or their usual ones', () => {
    const settings = { team: { kind: 'env', env: 'TEAM_KEY' } } as const;
    const found = credentialsOf(
      store({ settings, env: { TEAM_KEY: VALUE, OPENAI_API_KEY: 'sk-x' } }),
      { credentials: ['team', 'openai'], agent: { use: 'claude' }, env: {} },
      CLAUDE,
    );
    expect(found.map(({ used }) => used.name)).toEqual(['team', 'openai']);
    expect(variablesOf(found)).toEqual(['TEAM_KEY', 'OPENAI_API_KEY']);
  });

  it('are the usual variables of its agent where they are set, else its login', () => {
    const asked = (env: NodeJS.ProcessEnv, use: string) => credentialsOf(store({ env }), { agent: { use }, env: {} }, CLAUDE);
    expect(asked({ ANTHROPIC_API_KEY: VALUE, ANTHROPIC_AUTH_TOKEN: 't' }, 'claude').map(({ used }) => used.name)).toEqual([
      'anthropic',
      'anthropic-auth-token',
    ]);
    expect(asked({}, 'claude')).toMatchObject([{ used: { name: 'claude-login' }, settings: { kind: 'login' } }]);
    expect(asked({}, 'command')).toEqual([]);
  });

  it('may be brought by the task itself', () => {
    const [own] = credentialsOf(store(), { agent: { use: 'claude' }, env: { ANTHROPIC_API_KEY: VALUE } }, CLAUDE);
    expect(own).toMatchObject({ used: { name: 'anthropic' }, value: VALUE });
  });

  it('that are not there are said with what to set, and are lacked like a program', () => {
    const lack =
      (name: string, settings = {}) =>
      () =>
        credentialsOf(store({ settings }), { credentials: [name], agent: { use: 'claude' }, env: {} }, []);
    expect(lack('nobody')).toThrow('name it under credentials in outlive.yaml');
    expect(lack('anthropic')).toThrow('set ANTHROPIC_API_KEY');
    expect(lack('constructor')).toThrow(CredentialMissing);
    expect(new CredentialMissing('x', '').code).toBe('ENOENT');
  });
});

describe('a keyed hash', () => {
  const idOf = (value: string, hashKey = 'default') =>
    credentialsOf(
      store({ env: { ANTHROPIC_API_KEY: value }, hashKey }),
      { credentials: ['anthropic'], agent: { use: 'x' }, env: {} },
      [],
    )[0]?.used.id;
  it('is the same for the same value on every host, and says nothing of it', () => {
    expect(idOf(VALUE)).toMatch(/^[0-9a-f]{12}$/);
    expect(idOf(VALUE)).toBe(idOf(VALUE));
    expect(idOf(VALUE)).not.toBe(idOf(`${VALUE}0`));
    expect(idOf(VALUE)).not.toBe(idOf(VALUE, 'another'));
  });
});

it('all credentials are those that are configured, missing ones too, and the usual ones that are set', () => {
  const settings = { team: { kind: 'env', env: 'TEAM_KEY' }, mine: { kind: 'login', login: 'codex' } } as const;
  const found = allCredentials(store({ settings, env: { GITHUB_TOKEN: 'ghp_0123456789' } }));
  expect(found.map((one) => (one instanceof CredentialMissing ? `${one.credential} missing` : one.used.name))).toEqual([
    'team missing',
    'mine',
    'github',
  ]);
});
