// Which values of an environment are secrets: a table of the words that such variables are named with, and what is taken
// of their values. Short values, paths and the words of switches are never taken: they stand in texts that have nothing to hide.

/** A shorter value, such as `true` or `1`, would be found everywhere. Characters. */
export const SHORTEST_SECRET = 8;
/** A line of a longer secret counts as one of its own from here on. Characters. */
const SHORTEST_LINE = 16;

/** `GITHUB_TOKEN` and `githubToken` have the words GITHUB and TOKEN. One of these says that the value is secret … */
const SECRET_WORDS = 'KEY KEYS AUTH PAT PATS DSN PASS PWD CREDS COOKIE COOKIES JWT PRIVATE PSK'.split(' ');
/** … and so does a word that ends in one of these: PGPASSWORD, AUTHTOKEN. */
const SECRET_ENDS = /(?:TOKEN|SECRET|PASSWORD|PASSWD|PASSPHRASE|CREDENTIAL|APIKEY)S?$/;
/** As the last word these say that the value is about a secret: TOKEN_URL, AUTH_TYPE. */
const ABOUT_WORDS = new Set(
  `FILE FILES PATH PATHS DIR DIRS SOCK SOCKET HOST HOSTNAME PORT URL URLS URI ENDPOINT DOMAIN REGION NAME USER USERNAME EMAIL TYPE KIND
   MODE METHOD SCHEME PROVIDER ALGORITHM ALG VERSION TTL EXPIRY EXPIRES TIMEOUT AGE SIZE LENGTH LIMIT COUNT MAX MIN ENABLED DISABLED
   REQUIRED ISSUER AUDIENCE SCOPE SCOPES PREFIX ARN HELPER`.split(/\s+/),
);

/** What a switch says, as in REGISTRY_AUTH=disabled. Hidden, they would take the sense out of every other text. */
const SWITCH_WORDS = new Set(['disabled', 'required', 'optional', 'undefined', 'automatic', 'anonymous']);

/** `/run/user/1000/keys`, `~/.aws/credentials`, `C:\keys`. A random text may begin with a slash too, but has capitals. */
const PATH =
  /^(?:~|\.{1,2})?\/[a-z0-9._@/-]*$|^(?:~|\/(?:home|Users|root|tmp|var|run|etc|opt|usr|mnt|private|Library|Applications))\/|^[A-Za-z]:[\\/][\w .\\/-]*$/;
/** Of an address, the password: `postgres://shop:pa55word@db.example.org`. */
const PASSWORD_IN_ADDRESS = /:\/\/[^\s/?#@:]*:([^\s/?#]+)@/g;

type Env = Readonly<Record<string, string | undefined>>;

/** The secrets among the values of an environment, each once, trimmed and at least 8 characters long. */
export function secretValues(env: Env): string[] {
  const values = Object.entries(env).flatMap(([name, value = '']) => [
    ...(namesSecret(name, value) ? partsOf(value) : []),
    ...[...value.matchAll(PASSWORD_IN_ADDRESS)].flatMap(([, password = '']) => [password, decoded(password)]),
  ]);
  return [...new Set(values.map((value) => value.trim()))].filter(
    (value) => value.length >= SHORTEST_SECRET && !SWITCH_WORDS.has(value.toLowerCase()),
  );
}

function namesSecret(name: string, value: string): boolean {
  const words = name.split(/[^A-Za-z0-9]+|(?<=[a-z0-9])(?=[A-Z])/).map((word) => word.toUpperCase());
  const last = words.findLast((word) => word !== '') ?? '';
  if (ABOUT_WORDS.has(last) || PATH.test(value.trim())) return false;
  // A number is a limit or a time, unless it is all that the name promises: MAX_OUTPUT_TOKENS, but PASSWORD.
  if (/^\s*\d+\s*$/.test(value)) return isSecretWord(last) && !/(?:KEY|TOKEN)S$/.test(last);
  return words.some(isSecretWord);
}

const isSecretWord = (word: string): boolean => SECRET_WORDS.includes(word) || SECRET_ENDS.test(word);

/** The whole, and its lines, because a tool may show one of many. What frames a key block stands in every such block. */
const partsOf = (value: string): string[] => [
  value,
  ...value
    .split(/\r?\n|\r/)
    .map((line) => line.trim())
    .filter((line) => line.length >= SHORTEST_LINE && !line.startsWith('-----')),
];

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
