import { Buffer } from 'node:buffer';
import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { redactFor, safeCut } from '../../src/host/redact.ts';

const PLAIN = 'k3yW1thNoOddCharacters';
const ODD = 'tr0ub4dor&3 /xyz+"q\\9é';
const LONG = `${'0123456789abcdefghij'.repeat(6)}-the-end`;
const KEY_FILE = '-----BEGIN MY KEY-----\nline-one-of-the-key-file\nshort\nline-two-of-the-key-file\n-----END MY KEY-----';

const redact = redactFor({
  API_TOKEN: PLAIN,
  APP_SECRET: `${ODD}\n`,
  SIGNING_KEY: LONG,
  DEPLOY_KEY: KEY_FILE,
  DATABASE_URL: 'postgres://shop:pa55-w0rd%21x@db.example.org/shop',
});

const base64 = (text: string): string => Buffer.from(text).toString('base64');
const lines = (text: string, width: number): string => (text.match(new RegExp(`.{1,${width}}`, 'g')) ?? []).join('\n');
const json = (value: unknown, times = 1): string => (times === 0 ? String(value) : json(JSON.stringify(value), times - 1));

describe('a known value is hidden', () => {
  it.each<[how: string, text: string, left: string]>([
    ['as it is', `the key is ${PLAIN}.`, 'the key is [redacted].'],
    ['alone', PLAIN, '[redacted]'],
    ['as often as it stands there', `${PLAIN} and ${PLAIN}\n${PLAIN}`, '[redacted] and [redacted]\n[redacted]'],
    ['with the rest of the word it is in', `id=x${PLAIN}-old; next`, 'id=x[redacted]; next'],
    ['behind the mark of another', `[redacted]${PLAIN}`, '[redacted][redacted]'],
    ['in colour', `\u001b[32m${PLAIN}\u001b[0m`, '\u001b[32m[redacted]\u001b[0m'],
    ['with quotes, spaces and backslashes in it', `login with ${ODD} failed`, 'login with [redacted] failed'],
    ['without the line end that its variable has', `"${ODD}"`, '"[redacted]"'],
    ['inside JSON', json({ key: ODD }), '{"key":"[redacted]"}'],
    ['inside JSON inside JSON', json({ key: ODD }, 2), '"{\\"key\\":\\"[redacted]\\"}"'],
    ['three times inside JSON', json({ key: ODD }, 3), '"\\"{\\\\\\"key\\\\\\":\\\\\\"[redacted]\\\\\\"}\\""'],
    ['as Go writes JSON', json(ODD).replace('&', '\\u0026'), '"[redacted]"'],
    ['as PHP writes JSON', json(ODD).replace('/', '\\/').replace('é', '\\u00E9'), '"[redacted]"'],
    ['in an address', `https://host/?q=${encodeURIComponent(ODD)}&n=1`, 'https://host/?q=[redacted]&n=1'],
    ['in an address in small letters', encodeURIComponent(ODD).toLowerCase(), '[redacted]'],
    ['in an address inside an address', encodeURIComponent(encodeURIComponent(ODD)), '[redacted]'],
    ['in a form', new URLSearchParams({ q: ODD, n: '1' }).toString(), 'q=[redacted]&n=1'],
    ['in an address with its slashes kept', encodeURIComponent(ODD).replace('%2F', '/'), '[redacted]'],
    ['in base64', `sent ${base64(PLAIN)} now`, 'sent [redacted] now'],
    ['in base64 without padding', `sent ${base64(PLAIN).replaceAll('=', '')} now`, 'sent [redacted] now'],
    ['in base64 for addresses', `/t/${Buffer.from(ODD).toString('base64url')}?x`, '/t/[redacted]?x'],
    ['in base64 with the padding of an address', `t=${encodeURIComponent(base64(PLAIN))}&x`, 't=[redacted]&x'],
    ['in base64 with everything encoded for an address', `t=${encodeURIComponent(base64(ODD))}&x`, 't=[redacted]&x'],
    ['behind a user name in base64', `x-login: ${base64(`a:${PLAIN}`)}`, 'x-login: [redacted]'],
    ['behind a longer user name in base64', `x-login: ${base64(`user:${PLAIN}`)}`, 'x-login: dXNl[redacted]'],
    ['in the middle of a longer base64 text', base64(`{"a":"${PLAIN}","b":1}`), 'eyJhIjoi[redacted]'],
    ['in base64 that is wrapped as mail does', `key:\n${lines(base64(LONG), 76)}\nend`, 'key:\n[redacted]\nend'],
    ['in wrapped base64 inside JSON', json(`${lines(base64(`x${LONG}`), 76)}\n`), '"[redacted]\\n"'],
    ['as one line of a file', 'cat: line-two-of-the-key-file', 'cat: [redacted]'],
    ['as a password that was in an address', 'tried pa55-w0rd%21x twice', 'tried [redacted] twice'],
    ['as such a password decoded', 'tried pa55-w0rd!x twice', 'tried [redacted] twice'],
    ['where the beginning of the text has cut it off', `${LONG.slice(50)} was read`, '[redacted] was read'],
    ['where the end of the text has cut it off', `reading ${LONG.slice(0, 50)}`, 'reading [redacted]'],
  ])('%s', (_, text, left) => {
    expect(redact.text(text)).toBe(left);
  });

  it('together with one that overlaps it', () => {
    const both = redactFor({ A_TOKEN: 'abcdefgh ijkl', B_TOKEN: 'ijkl mnopqrst' });
    expect(both.text('x abcdefgh ijkl mnopqrst y')).toBe('x [redacted] y');
  });

  it('whatever word it is, without blinding the search for others', () => {
    const weak = redactFor({ DB_PASSWORD: 'password' });
    expect(weak.text('password=hunter2hunter2')).toBe('[redacted]=[redacted]');
  });

  it('also where it is a part of the mark', () => {
    const text = redactFor({ DB_PASSWORD: 'redacted' }).text('it was redacted, see [redacted]');
    expect(text).toBe('it was [redacted], see [redacted]');
  });
});

describe('which values are known', () => {
  const value = 'v4lu3-of-it';
  const isKnown = (env: Record<string, string>, text = Object.values(env).join().trim()): boolean =>
    redactFor(env).text(`<${text}>`) === '<[redacted]>';

  it.each(
    `ANTHROPIC_API_KEY GITHUB_TOKEN githubToken npm_config__authToken APP_SECRET CLIENT_SECRET_2 PGPASSWORD MYSQL_PWD DB_PASSWD SSH_PASSPHRASE
     GOOGLE_CREDENTIALS REGISTRY_AUTH PRIVATE_KEY SENTRY_DSN AZURE_PAT SESSION_COOKIE OPENAI_APIKEY AWS_ACCESS_KEY_ID`.split(/\s+/),
  )('that of %s', (name) => {
    expect(isKnown({ [name]: value })).toBe(true);
  });

  it.each(
    `PATH HOME GIT_AUTHOR_NAME KEYBOARD TOKENIZERS_PARALLELISM MONKEY_NAME TOKEN_URL AUTH_TYPE SECRET_NAME CREDENTIALS_FILE SSH_AUTH_SOCK
     GIT_ASKPASS COMPATIBILITY`.split(/\s+/),
  )('not that of %s', (name) => {
    expect(isKnown({ [name]: value })).toBe(false);
  });

  it.each<[what: string, env: Record<string, string>, known: boolean]>([
    ['not a short one', { API_TOKEN: 'true' }, false],
    ['one whose file ends in a line end', { API_TOKEN: 'short-one\n' }, true],
    ['one of eight characters', { API_TOKEN: '12345678' }, true],
    ['not one of seven', { API_TOKEN: 'a234567' }, false],
    ['not a number that limits something', { MAX_OUTPUT_TOKENS: '128000000' }, false],
    ['not a number that is about a secret', { TOKEN_LIFE: '31536000' }, false],
    ['not a switch', { REGISTRY_AUTH: 'disabled' }, false],
    ['not a path', { GOOGLE_APPLICATION_CREDENTIALS: '/home/someone/creds.json' }, false],
    ['not a path of Windows', { CREDENTIALS: 'C:\\Users\\someone\\creds.json' }, false],
    ['one that only begins like a path', { AWS_SECRET_ACCESS_KEY: '/wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKE' }, true],
  ])('%s', (_, env, known) => {
    expect(isKnown(env)).toBe(known);
  });

  it('the password in the address of a proxy, and nothing else of it', () => {
    const proxied = redactFor({ HTTPS_PROXY: 'http://worker:pr0xy-p4ss@proxy.example.org:3128' });
    expect(proxied.text('worker pr0xy-p4ss proxy.example.org')).toBe('worker [redacted] proxy.example.org');
  });

  it('not what frames every key, nor a short line of one', () => {
    expect(redact.text('-----BEGIN MY KEY----- short')).toBe('-----BEGIN MY KEY----- short');
  });

  it('those of a task too, beside the host’s', () => {
    const both = redact.with({ TASK_TOKEN: 'only-of-this-task', CI: 'not-secret' });
    expect(both.text(`${PLAIN} only-of-this-task not-secret`)).toBe('[redacted] [redacted] not-secret');
    expect(redact.text('only-of-this-task')).toBe('only-of-this-task');
  });

  it('none, where a variable is not set', () => {
    expect(redactFor({ API_TOKEN: undefined }).text('undefined')).toBe('undefined');
  });
});

describe('a JSON value', () => {
  it('is copied with every string and key redacted, and all else as it is', () => {
    const value = { at: [1, null, true, `x ${PLAIN}`], [PLAIN]: { deep: `https://u:secret@host` }, when: new Date(0), none: undefined };
    const before = structuredClone(value);
    expect(redact.json(value)).toEqual({
      at: [1, null, true, 'x [redacted]'],
      '[redacted]': { deep: 'https://[redacted]@host' },
      when: new Date(0),
      none: undefined,
    });
    expect(value).toEqual(before);
  });

  it('loses no value where keys become alike', () => {
    expect(redact.json({ [`${PLAIN}-1`]: 1, [`${PLAIN}-2`]: 2 })).toEqual({ '[redacted]': 1, '[redacted] 2': 2 });
  });

  it('has a string hidden that only its key tells', () => {
    const value = {
      password: 'correct-horse',
      apiKey: '0f1e2d3c4b5a6978',
      headers: { authorization: 'Bearer abc123def' },
      tokens: 'many words',
      credential: 'anthropic',
    };
    expect(redact.json(value)).toEqual({
      password: '[redacted]',
      apiKey: '[redacted]',
      headers: { authorization: 'Bearer [redacted]' },
      tokens: 'many words',
      credential: 'anthropic',
    });
  });

  it('cannot reach the prototype of its copy', () => {
    const copy = redact.json(JSON.parse('{"__proto__": {"polluted": "yes"}}') as Record<string, unknown>);
    expect(Object.getPrototypeOf(copy)).toBe(Object.prototype);
    expect(Object.keys(copy)).toEqual(['__proto__']);
  });
});

describe('a log that grows', () => {
  const key = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  }).privateKey;
  const token = ['ghp', 'x9Kq2LmT7vRz4WbY8nCd1JhF6sGp3AeU5oHi'].join('_');
  const log = `start\nuse ${token} here\n${key}the end\n`;

  const shown = (text: string, size: number, cut: (text: string) => number): string => {
    let waiting = '';
    let out = '';
    for (let at = 0; at < text.length; at += size) {
      waiting += text.slice(at, at + size);
      const upTo = cut(waiting);
      out += redact.text(waiting.slice(0, upTo));
      waiting = waiting.slice(upTo);
    }
    return out + redact.text(waiting);
  };

  it('shows parts of secrets where it is redacted chunk by chunk', () => {
    expect(shown(log, 20, (text) => text.length)).toContain(token.slice(-10));
  });

  it.each([1, 7, 20, 64, 1000, 100_000])('shows none where it is cut safely, in chunks of %i', (size) => {
    expect(shown(log, size, safeCut)).toBe('start\nuse [redacted] here\n[redacted]\nthe end\n');
  });

  it.each<[what: string, text: string, upTo: number]>([
    ['waits for the end of a line', 'a\nbc', 2],
    ['shows all where a line has ended', 'a\nbc\n', 5],
    ['shows nothing of a first line', 'abc', 0],
    ['waits for the end of a private key', 'a\n-----BEGIN PRIVATE KEY-----\nMIIE\n', 2],
    ['does not wait once it has ended', '-----BEGIN PRIVATE KEY-----\nMIIE\n-----END PRIVATE KEY-----\n', 59],
    ['does not wait for one that never ends', `-----BEGIN PRIVATE KEY-----\n${'x\n'.repeat(9000)}`, 18_028],
    ['cuts a line that is too long behind a space', `${'a'.repeat(70_000)} bc`, 70_001],
    ['cuts one without any space where it is', 'a'.repeat(70_000), 70_000],
  ])('%s', (_, text, upTo) => {
    expect(safeCut(text)).toBe(upTo);
  });
});
