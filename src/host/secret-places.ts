// The places where texts put a secret: headers, addresses, assignments, flags, blocks of private keys. First the pieces that
// the patterns are put together from, all sources of regular expressions, then one row a place.

import { type SecretShape, shape } from './secret-shapes.ts';

/** `token` as `[tT][oO]…`, for a name whose value is read with its case. Takes a source without escapes. */
const anyCase = (source: string): string => source.replace(/[a-z]/g, (letter) => `[${letter}${letter.toUpperCase()}]`);

/** What comes has `wanted` among its first 64 of `char`. The bound keeps a text without it cheap. */
const has = (char: string, wanted: string): string => `(?=${char}{0,63}?${wanted})`;

/** A digit or `aB`, as nearly every random text has and hardly an English word. */
const MIXED = '(?:\\d|[a-z][A-Z])';

// Its last word is looked for first: that is cheaper than all the words before it.
const KEY_NAME = anyCase(
  '(?:key(?<=(?:api|access|secret|private|encryption|account|signing|auth|master|service)[ _-]?key)|secret|token|_auth)',
);
const PASSWORD_NAME = anyCase('(?:passw(?:or)?d|passphrase)');

/** Between name and value: `"name": `, `name=`, `name => `; quotes may be escaped, as often as JSON stands inside JSON. */
const SEPARATOR = String.raw`\\{0,7}["'\x60]?[ \t]{0,4}(?:=>|[:=]{1,2})[ \t]{0,4}`;
const QUOTE = String.raw`\\{0,7}["'\x60]`;

const PLAIN = String.raw`[^\s"'\x60\\<>]`;
/** A backslash belongs to a value unless it escapes what ends the value. */
const ESCAPED = String.raw`\\+[^\s"'\x60\\nrtu]`;
const QUOTED = `(?:${PLAIN}|${ESCAPED})`;
const QUOTED_VALUE = `${PLAIN}*(?:${ESCAPED}${PLAIN}*){0,1000}`;
/** A password may be a sentence, of no more than a line. */
const PHRASE_PLAIN = String.raw`[^\r\n\t"'\x60\\<>]`;
const PHRASE = `(?:${PHRASE_PLAIN}|${ESCAPED})`;
const PHRASE_VALUE = `${PHRASE_PLAIN}{0,256}(?:${ESCAPED}${PHRASE_PLAIN}{0,256}){0,100}`;
const BARE = String.raw`[^\s"'\x60\\<>,;&(){}[\]|]`;
/** No `@`: a key may be the password in an address. */
const BARE_KEY = BARE.replace('[^', '[^@');
const CREDENTIAL = '[\\w.~+/=-]';
const SCHEME = anyCase('(?:basic|bearer|token|digest|apikey|key)');

/** `$NAME`, `<your key>`, `{{name}}`, `****`: in the place of a value. */
const PLACEHOLDER = '(?![$<{%*])';
/** A path, an address: where a value is, not the value. */
const REFERENCE = String.raw`(?!\.{0,2}\/|~|https?:)`;
/** `Uint8Array`, `base64Token`: code. */
const CODE = String.raw`(?!(?:[Uu]?[Ii]nt|Float|base)\d{1,2}[A-Z])`;

const LABEL = '(?:[A-Z0-9]{1,12} ){0,4}PRIVATE KEY(?: BLOCK)?-----';
const BEGIN = `-----BEGIN ${LABEL}`;
const END = `-----END ${LABEL}`;
/** A real end of a line, or one that JSON escaped. */
const LINE_END = String.raw`[ \t]{0,4}(?:\r?\n|(?:\\+r)?\\+n)`;
/** Numbers and marks that `cat -n`, `diff` and editors put before a line. */
const MARGIN = String.raw`[\d \t|│>:→+*-]{0,12}?(?:\\+t)?`;
const BODY = '[A-Za-z0-9+/=]';
const HEADER = String.raw`(?:Proc-Type|DEK-Info|Comment|Version|Hash|Charset):[^\n\\]{0,120}`;

const WHOLE = `${BEGIN}[^-]*(?:-(?!----)[^-]*){0,400}${END}`;
const WITHOUT_END = `${BEGIN}(?:${LINE_END}${MARGIN}${HEADER}){0,9}(?:${LINE_END})?(?:${LINE_END}${MARGIN}${BODY}{16,}){1,1000}(?:${LINE_END}${MARGIN}${BODY}{1,15}$)?`;
// Read backwards from the end, so that lines of base64 without such an end cost nothing. Every loop of lines is bounded,
// because each round takes memory: an endless one would end in a RangeError.
const LAST_LINES = String.raw`(?:^${BODY}+${LINE_END}${MARGIN})?(?:(?<!\\)${BODY}{16,}${LINE_END}${MARGIN}){0,1000}(?<!\\)${BODY}+${LINE_END}${MARGIN}`;
const WITHOUT_BEGIN = `${END}(?<=(?<before>${LAST_LINES})${END})`;

/** A block, also one of which a text has only the beginning or only the end. */
const KEY_BLOCK: RegExp = new RegExp(`${WHOLE}|${WITHOUT_END}|${WITHOUT_BEGIN}`, 'g');
export const KEY_BLOCK_BEGIN: RegExp = new RegExp(BEGIN, 'g');
export const KEY_BLOCK_END: RegExp = new RegExp(END, 'g');

export const PLACE_SHAPES: readonly SecretShape[] = [
  shape(
    'private key block',
    ['private key'],
    KEY_BLOCK,
    ['-----BEGIN PRIVATE ', 'KEY-----\nMIIEvQIBADANBgkqhkiG9w0B\nAQEFAASC\n-----END PRIVATE KEY-----\nend'],
    '[redacted]\nend',
    'RFC 7468, RFC 1421, OpenSSH PROTOCOL.key, RFC 9580',
  ),
  shape(
    'user and password in an address',
    ['@'],
    // What is before `@sha256:` is the name of an image.
    /(?<keep>:\\?\/\\?\/)[^\s/\\?#@"'`<>:]{0,128}:[^\s/\\?#"'`<>]{1,256}(?=@(?!sha\d))/g,
    ['postgres://shop:', 'pa55w0rd@db.example.org:5432/shop'],
    'postgres://[redacted]@db.example.org:5432/shop',
    'RFC 3986, section 3.2.1',
  ),
  shape(
    'authorization header',
    ['authorization'],
    new RegExp(
      `(?<keep>${anyCase('authorization')}${SEPARATOR}(?:${QUOTE})?(?:${SCHEME}[ \\t]{1,4}(?=${CREDENTIAL}{6})|(?=${CREDENTIAL}{10})))${has(CREDENTIAL, MIXED)}${CREDENTIAL}+`,
      'g',
    ),
    ['Authorization: Basic ', 'dXNlcjpzZWNyZXQ='],
    'Authorization: Basic [redacted]',
    'RFC 9110, section 11.6.2; RFC 7617',
  ),
  shape(
    'bearer token',
    ['bearer'],
    new RegExp(String.raw`(?<keep>${anyCase('bearer')}[ \t]{1,4})${has(CREDENTIAL, MIXED)}${CREDENTIAL}{16,}`, 'g'),
    ['sent Bearer ', 'mF_9.B5f-4.1JqMw8x2'],
    'sent Bearer [redacted]',
    'RFC 6750',
  ),
  shape(
    'cookie header',
    ['cookie'],
    new RegExp(String.raw`(?<keep>${anyCase('cookie')}\\{0,7}["']?:[ \t]{0,4}\\{0,7}["']?)[\w.-]{1,64}=[^\s"'\\][^\r\n"'\\]{7,}`, 'g'),
    ['Set-Cookie: ', 'sid=9f8a7b6c5d4e; Path=/; HttpOnly'],
    'Set-Cookie: [redacted]',
    'RFC 6265',
  ),
  shape(
    'azure connection string',
    ['key'],
    /(?<keep>(?:AccountKey|SharedAccessKey)=)[A-Za-z0-9+/]{20,}={0,2}/g,
    ['AccountName=shop;AccountKey=', 'Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq==;EndpointSuffix=core.windows.net'],
    'AccountName=shop;AccountKey=[redacted];EndpointSuffix=core.windows.net',
    'Azure, "Configure Azure Storage connection strings"',
  ),
  shape(
    'key or token in quotes',
    ['key', 'secret', 'token', '_auth'],
    new RegExp(
      `(?<keep>${KEY_NAME}${SEPARATOR}${QUOTE})${PLACEHOLDER}(?:${has(QUOTED, MIXED)}|(?=${QUOTED}{20}))(?=${QUOTED}{8})${QUOTED_VALUE}`,
      'g',
    ),
    ['"api_key": "', '0f1e2d3c4b5a6978"'],
    '"api_key": "[redacted]"',
    'JSON, YAML and most programming languages',
  ),
  shape(
    'key or token without quotes',
    ['key', 'secret', 'token', '_auth'],
    new RegExp(
      `(?<keep>${KEY_NAME}${SEPARATOR})${PLACEHOLDER}${REFERENCE}${CODE}${has(BARE_KEY, '\\d')}${has(BARE_KEY, '[A-Za-z]')}${BARE_KEY}{8,}`,
      'g',
    ),
    ['x-api-key: ', '0f1e2d3c4b5a6978'],
    'x-api-key: [redacted]',
    'YAML, INI, HTTP headers',
  ),
  shape(
    'password in quotes',
    ['passw', 'passph'],
    new RegExp(`(?<keep>${PASSWORD_NAME}${SEPARATOR}${QUOTE})${PLACEHOLDER}(?=${PHRASE}{4})${PHRASE_VALUE}`, 'g'),
    ['password: "', 'correct-horse"'],
    'password: "[redacted]"',
    'JSON, YAML and most programming languages',
  ),
  shape(
    'password without quotes',
    ['passw', 'passph'],
    new RegExp(`(?<keep>${PASSWORD_NAME}${SEPARATOR})${PLACEHOLDER}${REFERENCE}${has(BARE, '[\\d!@#^+?~]')}${BARE}{6,}`, 'g'),
    ['Password=', 'hunter2'],
    'Password=[redacted]',
    'YAML, INI, connection strings',
  ),
  shape(
    'environment variable',
    [
      'key=',
      'secret=',
      'token=',
      'password=',
      'passwd=',
      'passphrase=',
      'credential=',
      'credentials=',
      '_auth=',
      '_pat=',
      '_dsn=',
      '_pwd=',
    ],
    new RegExp(
      String.raw`(?<keep>(?:(?:API|ACCESS|SECRET|PRIVATE)_?KEY|SECRET|TOKEN|PASSWORD|PASSWD|PASSPHRASE|CREDENTIALS?|_AUTH|_PAT|_DSN|_PWD)=\\{0,7}["']?)${PLACEHOLDER}${REFERENCE}${BARE}{6,}`,
      'g',
    ),
    ['DB_PASSWORD=', 'letmeinplease'],
    'DB_PASSWORD=[redacted]',
    'POSIX, "Environment variables"; `env`, `.env` files',
  ),
  shape(
    'secret in the query of an address',
    ['?', '&'],
    /(?<keep>[?&](?:api[_-]?key|(?:access_|refresh_|id_)?token|(?:client_)?secret|password|sig|X-(?:Amz|Goog)-Signature)=)[^\s&"'`<>\\#${*]{6,}/g,
    ['GET /files?access_token=', 'abcdefgh&page=2'],
    'GET /files?access_token=[redacted]&page=2',
    'RFC 6750, section 2.3; signed addresses of Amazon S3, Google Cloud Storage and Azure',
  ),
  shape(
    'flag of a command line',
    ['--'],
    new RegExp(
      String.raw`(?<keep>--[a-z-]{0,20}(?:token|password|secret|api-key)[ \t]\\{0,7}["']?)${PLACEHOLDER}${REFERENCE}${has(BARE, '\\d')}${has(BARE, '[A-Za-z]')}${BARE}{6,}`,
      'g',
    ),
    ['curl --token ', 'a1b2c3d4e5'],
    'curl --token [redacted]',
    'GNU, "Program argument syntax conventions"',
  ),
];
