import { generateKeyPairSync } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { classify } from '../../src/domain/classify.ts';
import type { Ending } from '../../src/domain/ending.ts';
import { redactFor } from '../../src/host/redact.ts';
import { PLACE_SHAPES } from '../../src/host/secret-places.ts';
import { TOKEN_SHAPES } from '../../src/host/secret-shapes.ts';

const { text: redact } = redactFor({});
const SHAPES = [...TOKEN_SHAPES, ...PLACE_SHAPES];
const MARK = '[redacted]';

// Joined, so that a scanner of this source does not take them for real ones.
const GITHUB = ['ghp', 'x9Kq2LmT7vRz4WbY8nCd1JhF6sGp3AeU5oHi'].join('_');
const ANTHROPIC = ['sk', 'ant', 'api03', 'Zq3vT8kLw0XyBr5Nn2uHsEo9'].join('-');
const HEX = '0f1e2d3c4b5a69788796a5b4c3d2e1f0';

describe('every known shape', () => {
  it('has a name of its own', () => {
    expect(new Set(SHAPES.map(({ name }) => name)).size).toBe(SHAPES.length);
  });

  it.each(SHAPES.map((shape) => [shape.name, shape] as const))(
    'hides the sample of %s, by its own pattern',
    (_, { find, hints, sample: [text, left] }) => {
      expect(redact(text)).toBe(left);
      expect(text.match(find)).toHaveLength(1);
      expect(hints.some((hint) => text.toLowerCase().includes(hint))).toBe(true);
    },
  );

  const around: readonly (readonly [where: string, put: (text: string) => string])[] = [
    ['in a sentence', (text) => `it said ${text} and went on`],
    ['in JSON', (text) => JSON.stringify({ said: text })],
    ['in JSON inside JSON', (text) => JSON.stringify(JSON.stringify({ said: text, next: 1 }))],
    ['on a line of a text in JSON', (text) => JSON.stringify(`first\n${text}\nlast`)],
    ['in colour', (text) => `\u001b[1;32m${text}\u001b[0m`],
    ['in colour in JSON', (text) => JSON.stringify(`\u001b[32m${text}\u001b[0m`)],
    ['in brackets', (text) => `(${text})`],
    ['after a tab', (text) => `said\t${text}\tnext`],
    ['on a line of Windows', (text) => `said:\r\n${text}\r\nnext`],
  ];
  it.each(around)('is found %s', (_, put) => {
    for (const { name, sample } of SHAPES) {
      const [text, left] = sample;
      const [before = '', after = ''] = left.split(MARK);
      const secret = text.slice(before.length, text.length - after.length);
      const parts = [put(secret), JSON.stringify(secret), JSON.stringify(JSON.stringify(secret))].map((part) =>
        part.replace(/^[\\"]+|[\\"]+$/g, ''),
      );
      const found = redact(put(text));
      expect(found, name).toContain(MARK);
      for (const part of parts) expect(found, name).not.toContain(part);
    }
  });
});

describe('what is hidden', () => {
  it.each<[what: string, text: string, left: string]>([
    ['the key in a header', `> x-api-key: ${HEX}`, '> x-api-key: [redacted]'],
    ['the key in a header of a program', `{ 'x-api-key': '${HEX}' }`, "{ 'x-api-key': '[redacted]' }"],
    ['a key in JSON', `{"api_key":"${HEX}"}`, '{"api_key":"[redacted]"}'],
    ['a key in JSON inside JSON', `{\\"api_key\\":\\"${HEX}\\"}`, '{\\"api_key\\":\\"[redacted]\\"}'],
    ['a key in JSON three times', `\\\\\\"apiKey\\\\\\": \\\\\\"${HEX}\\\\\\"`, '\\\\\\"apiKey\\\\\\": \\\\\\"[redacted]\\\\\\"'],
    ['a token in camel case', `accessToken: "${HEX}"`, 'accessToken: "[redacted]"'],
    ['a client secret', `client_secret = '${HEX}'`, "client_secret = '[redacted]'"],
    ['a token in TOML and YAML', `token = "${HEX}"\nsecret: ${HEX}`, 'token = "[redacted]"\nsecret: [redacted]'],
    ['a token of npm', `//registry.example.org/:_authToken=${HEX}`, '//registry.example.org/:_authToken=[redacted]'],
    ['an environment', 'HOME=/home/a\nDB_PASSWORD=correcthorse\nCI=1', 'HOME=/home/a\nDB_PASSWORD=[redacted]\nCI=1'],
    ['an exported variable', 'export APP_SECRET="correcthorse"', 'export APP_SECRET="[redacted]"'],
    ['a password in quotes', '"password": "p@ss\\\\word!"', '"password": "[redacted]"'],
    ['a password of words', "passphrase: 'correct horse battery staple', n: 1", "passphrase: '[redacted]', n: 1"],
    ['a short password', 'password=hunter2', 'password=[redacted]'],
    ['a password in a connection string', 'Server=db;Password=hunter2!;Database=shop', 'Server=db;Password=[redacted];Database=shop'],
    ['a flag with its value', `gh --token ${HEX} run`, 'gh --token [redacted] run'],
    ['a flag that is assigned', `--password=${HEX}`, '--password=[redacted]'],
    ['a bearer token', `-H "Authorization: Bearer ${HEX}"`, '-H "Authorization: Bearer [redacted]"'],
    ['a bearer token in small letters', `authorization: bearer ${HEX}`, 'authorization: bearer [redacted]'],
    ['a bearer token in JSON', `{\\"Authorization\\":\\"Bearer ${HEX}\\"}`, '{\\"Authorization\\":\\"Bearer [redacted]\\"}'],
    ['user and password of a proxy', 'via http://me:pw@proxy:3128 now', 'via http://[redacted]@proxy:3128 now'],
    [
      'user and token in a remote',
      `origin\thttps://x-access-token:${GITHUB}@github.com/acme/shop.git (push)`,
      'origin\thttps://[redacted]@github.com/acme/shop.git (push)',
    ],
    ['a token as the user in a remote', `https://${GITHUB}@github.com/acme/shop`, 'https://[redacted]@github.com/acme/shop'],
    ['an address in PHP’s JSON', '"mysql:\\/\\/root:toor@db\\/shop"', '"mysql:\\/\\/[redacted]@db\\/shop"'],
    ['a password with an at sign', 'redis://:p@ss@cache:6379/0', 'redis://[redacted]@cache:6379/0'],
    ['several in one line', `${GITHUB} ${ANTHROPIC},${GITHUB}`, '[redacted] [redacted],[redacted]'],
    ['a token behind an escaped line end', `"a\\n${ANTHROPIC}\\nb"`, '"a\\n[redacted]\\nb"'],
    ['a token behind a percent code', `?q=key%3D${ANTHROPIC}`, '?q=key%3D[redacted]'],
    ['the credentials file of AWS', `aws_secret_access_key = ${'Ab1+'.repeat(10)}`, 'aws_secret_access_key = [redacted]'],
    ['a signed address', `https://s3.example.org/a?X-Amz-Signature=${HEX}&x=1`, 'https://s3.example.org/a?X-Amz-Signature=[redacted]&x=1'],
    ['a cookie', 'cookie: theme=dark; sid=1234567890', 'cookie: [redacted]'],
  ])('%s', (_, text, left) => {
    expect(redact(text)).toBe(left);
  });
});

describe('a private key', () => {
  const pem = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    privateKeyEncoding: { type: 'pkcs1', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  });
  const lines = pem.privateKey.trimEnd().split('\n');
  const key = lines.join('\n');
  const head = lines.slice(0, 8);
  const rest = lines.slice(8);
  const numbered = lines.map((line, i) => `${String(i + 1).padStart(6)}\t${line}`);

  it.each<[what: string, text: string, left: string]>([
    ['is hidden whole', `a\n${key}\nb`, 'a\n[redacted]\nb'],
    ['without its end', `a\n${head.join('\n')}\n$ ls`, 'a\n[redacted]\n$ ls'],
    ['cut off by the end of the text', `a\n${key.slice(0, 500)}`, 'a\n[redacted]'],
    ['without its beginning', `$ tail key\n${rest.join('\n')}\nb`, '$ tail key\n[redacted]\nb'],
    ['cut off by the beginning of the text', `${key.slice(500)}\nb`, '[redacted]\nb'],
    ['in JSON', JSON.stringify({ key, n: 1 }), '{"key":"[redacted]","n":1}'],
    ['in JSON inside JSON', JSON.stringify(JSON.stringify({ key })), '"{\\"key\\":\\"[redacted]\\"}"'],
    ['in JSON without its end', JSON.stringify({ head: head.join('\n') }), '{"head":"[redacted]"}'],
    ['in JSON without its beginning', JSON.stringify({ rest: `of\n${rest.join('\n')}\n` }), '{"rest":"of\\n[redacted]\\n"}'],
    ['with line ends of Windows', lines.join('\r\n'), '[redacted]'],
    ['with numbered lines', numbered.join('\n'), '     1\t[redacted]'],
    ['with numbered lines in JSON, without its end', JSON.stringify(numbered.slice(0, 9).join('\n')), '"     1\\t[redacted]"'],
    ['with numbered lines in JSON, without its beginning', JSON.stringify(numbered.slice(9).join('\n')), '"    10\\t[redacted]"'],
    ['in a diff', lines.map((line) => `-${line}`).join('\n'), '-[redacted]'],
    [
      'encrypted, with its headers',
      [lines[0], 'Proc-Type: 4,ENCRYPTED', 'DEK-Info: AES-128-CBC,0F', '', ...head.slice(1)].join('\n'),
      '[redacted]',
    ],
    ['twice', `${key}\n\n${key}`, '[redacted]\n\n[redacted]'],
    ['and not its public half', pem.publicKey, pem.publicKey],
  ])('%s', (_, text, left) => {
    expect(redact(text)).toBe(left);
  });
});

describe('what is left alone', () => {
  it.each<[what: string, text: string]>([
    ['a commit', 'commit 3f786850e387550fdab836ed7e6dc881de23001b\nAuthor: A <a@example.org>'],
    ['a uuid', 'session_id: 0198c0de-1111-7000-8000-000000000000'],
    ['a path', '/home/someone/projects/shop/src/host/token-store.ts:12:34'],
    ['a path of a secret', 'secret: ./config/secret-1.json, token: /run/secrets/token1, TOKEN=/run/secrets/t1'],
    ['refs and branches', 'refs/outlive/fix-login-redirect/run-1 outlive/fix-login-redirect'],
    ['task, risk and disk', 'task-fix-the-login-redirect-2024 risk-assessment-for-2024-and-later disk-usage-report-2024-03-01-final'],
    ['counts of tokens', '{"input_tokens":123456789,"output_tokens":1000000,"max_tokens": 8192}'],
    ['a limit of tokens', 'token limit: 200000, tokens used: 123456, context window 200k tokens'],
    ['a rate of tokens', 'Rate limit reached on tokens per min (TPM): Limit 30000, Used 29000.'],
    ['an error about a token', 'SyntaxError: Unexpected token: identifier, "token" is missing'],
    ['an error about a bearer token', 'Bearer token is missing. Bearer authentication required'],
    ['a challenge', 'WWW-Authenticate: Bearer realm="example", error="invalid_token"'],
    ['an error about a key', 'authentication_error: invalid x-api-key. API key: not set. Invalid API key · Please run /login'],
    ['an error about a header', 'Authorization: missing. authorization: required'],
    ['an error about a password', 'fatal: could not read Password for https://github.com: terminal prompts disabled'],
    ['a wish for a password', 'password: 8 characters or more, password: required'],
    ['a key that a provider has masked', 'Incorrect API key provided: sk-fake-********0000.'],
    ['placeholders', 'ANTHROPIC_API_KEY=<your key> sk-ant-... TOKEN=$TOKEN secret: {{ secret }} password="$PASSWORD" token=****'],
    [
      'code that reads a secret',
      'const token = process.env.GITHUB_TOKEN; apiKey: config.apiKey, secret = settings.secret, password = os.environ["PW"]',
    ],
    ['code about tokens', 'function next(token: Token2): Promise<string> { return tokens[i + 1]; } // taskToken: Uint8Array'],
    ['where a key comes from', '{"apiKeySource":"ANTHROPIC_API_KEY"}'],
    ['addresses', 'http://localhost:3000/@vite/client git@github.com:acme/shop.git ssh://git@host:22/a.git https://me@dev.azure.com/x'],
    ['an image by its digest', 'docker://node:20@sha256:0f1e2d3c4b5a69788796a5b4c3d2e1f0'],
    ['mail', 'From: someone@example.org, cc: other@example.org: hello'],
    ['a checksum of a package', '"integrity": "sha512-Zq3vT8kLw0XyBr5Nn2uHsEo9Zq3vT8kLw0XyBr5Nn2uHsEo9=="'],
    ['npm’s own variables', 'npm_config_registry=https://registry.example.org npm_package_json=/app/package.json npm_lifecycle_event=test'],
    ['how a key block begins', 'it looks for -----BEGIN RSA PRIVATE KEY----- in every file,\nand for its end'],
    ['a certificate', '-----BEGIN CERTIFICATE-----\nMIIDdzCCAl+gAwIBAgIEAgAAuTANBgkqhkiG\n-----END CERTIFICATE-----'],
    ['a date', 'token expires: 2026-03-01T10:00:00Z'],
    ['an HTML of scikit-learn', '<div class="sk-toggleable__content fitted"><pre>sk-estimator-doc-link</pre>'],
    ['base64 of something else', 'data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk'],
  ])('%s', (_, text) => {
    expect(redact(text)).toBe(text);
  });
});

describe('the recorded last words of runs', () => {
  const endings = readFileSync(new URL('../fixtures/endings/traps.jsonl', import.meta.url), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { readonly name: string; readonly ending: Ending });
  const known = redactFor({ ANTHROPIC_API_KEY: ANTHROPIC, GITHUB_TOKEN: GITHUB });

  it.each(endings.map(({ name, ending }) => [name, ending] as const))('are told the same: %s', (_, ending) => {
    expect(known.json(ending)).toEqual(ending);
    const planted = { ...ending, tail: `ANTHROPIC_API_KEY=${ANTHROPIC}\nremote: https://x:${GITHUB}@github.com/a\n${ending.tail ?? ''}` };
    expect(classify(known.json(planted))).toEqual({ ...classify(planted), evidence: known.json(classify(planted).evidence) });
  });
});
