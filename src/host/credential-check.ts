// Is a credential valid? One free question to whoever gave it out. Only a plain "no" is invalid: a limit, an outage, a right
// that is missing for this one question, or an answer that nobody expected, could not tell.

import { execa } from 'execa';
import type { CheckedProvider, CheckSettings, CredentialChecked, Login } from '../domain/credential.ts';
import type { Credential } from './credentials.ts';
import { findProgram } from './find-program.ts';

type Answer = Pick<CredentialChecked, 'evidence'> & { readonly state: Exclude<CredentialChecked['state'], 'changed'> };

const PATIENCE_MS = 15_000;
/** A command that checks says so, as a probe does. */
const INVALID_EXIT = 10;

/** Never throws. */
export async function checkOne({ used, settings, value, env, implied }: Credential): Promise<Answer> {
  if (settings.kind === 'login') return checkLogin(settings.login, env, implied === true);
  if (!settings.check) return { state: 'unknown', evidence: `no check is known for the credential ${used.name}` };
  if (value === undefined) return { state: 'unknown', evidence: `${settings.env} is not set` };
  return settings.check.kind === 'command' ? runCheck(settings.check.argv, value, env) : ask(questionOf(settings.check, value, env));
}

interface Question {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** What its answer means, beside 429, 5xx and whatever else could not tell. */
  readonly judge: (status: number, body: string) => Answer['state'] | undefined;
}

const isOk = (status: number): boolean => status >= 200 && status < 300;

/** By each provider's own convention, and the variable that its tools read it from: a key of a gateway is shown to nobody else. */
const BASES: Readonly<Record<CheckedProvider, readonly [byDefault: string, variable: string]>> = {
  anthropic: ['https://api.anthropic.com', 'ANTHROPIC_BASE_URL'],
  openai: ['https://api.openai.com/v1', 'OPENAI_BASE_URL'],
  gemini: ['https://generativelanguage.googleapis.com', 'GOOGLE_GEMINI_BASE_URL'],
  github: ['https://api.github.com', 'GITHUB_API_URL'],
};

function baseOf({ kind, baseUrl }: Extract<CheckSettings, { kind: CheckedProvider }>, env: NodeJS.ProcessEnv): string {
  const [byDefault, variable] = BASES[kind];
  return (baseUrl ?? env[variable] ?? byDefault).replace(/\/+$/, '');
}

function questionOf(check: Exclude<CheckSettings, { kind: 'command' }>, value: string, env: NodeJS.ProcessEnv): Question {
  switch (check.kind) {
    case 'anthropic':
      return {
        url: `${baseOf(check, env)}/v1/models?limit=1`,
        headers: { 'x-api-key': value, 'anthropic-version': '2023-06-01' },
        // A proxy on the way says 403 too, and not in this form.
        judge: (status, body) => byStatus(status, status === 401 || (status === 403 && body.includes('permission_error'))),
      };
    case 'openai':
      return {
        url: `${baseOf(check, env)}/models`,
        headers: { authorization: `Bearer ${value}` },
        // A key with few rights may not list models, and works all the same: 403 could not tell.
        judge: (status) => byStatus(status, status === 401),
      };
    case 'gemini':
      return {
        url: `${baseOf(check, env)}/v1beta/models?pageSize=1`,
        headers: { 'x-goog-api-key': value },
        judge: (status, body) =>
          byStatus(
            status,
            status === 401 ||
              (status === 400 && body.includes('API_KEY_INVALID')) ||
              (status === 403 && body.includes('CONSUMER_SUSPENDED')),
          ),
      };
    case 'github':
      return {
        url: `${baseOf(check, env)}/rate_limit`,
        headers: { authorization: `Bearer ${value}`, 'user-agent': 'outlive' },
        judge: (status) => byStatus(status, status === 401),
      };
    case 'http':
      return {
        url: check.url,
        headers: { [check.header]: `${check.prefix}${value}` },
        judge: (status) => (check.valid.includes(status) ? 'valid' : check.invalid.includes(status) ? 'invalid' : undefined),
      };
  }
}

const byStatus = (status: number, isInvalid: boolean): Answer['state'] | undefined =>
  isOk(status) ? 'valid' : isInvalid ? 'invalid' : undefined;

async function ask({ url, headers, judge }: Question): Promise<Answer> {
  const place = `GET ${url.replace(/\?.*/, '')}`;
  try {
    // A redirect would take the key to somebody else.
    const response = await fetch(url, { headers, redirect: 'manual', signal: AbortSignal.timeout(PATIENCE_MS) });
    const body = (await response.text()).slice(0, 20_000);
    return { state: judge(response.status, body) ?? 'unknown', evidence: `${place} answers ${response.status}` };
  } catch (error) {
    const { cause, name } = error as Error & { readonly cause?: NodeJS.ErrnoException };
    return { state: 'unknown', evidence: `${place} gives no answer (${cause?.code ?? name})` };
  }
}

/** No shell; the value in OUTLIVE_CREDENTIAL. Exit 0 is valid, 10 invalid, all else could not tell. */
async function runCheck(argv: readonly string[], value: string, env: NodeJS.ProcessEnv): Promise<Answer> {
  const [program = '', ...args] = argv;
  const { exitCode, timedOut } = await execa(program, args, {
    reject: false,
    extendEnv: false,
    env: { ...env, OUTLIVE_CREDENTIAL: value },
    stdin: 'ignore',
    stdout: 'ignore',
    stderr: 'ignore',
    timeout: PATIENCE_MS,
  });
  const state = exitCode === 0 ? 'valid' : exitCode === INVALID_EXIT ? 'invalid' : 'unknown';
  return {
    state,
    evidence: `${program} ${timedOut ? 'did not end in time' : exitCode === undefined ? 'could not be started' : `ended with ${exitCode}`}`,
  };
}

/** Tried on the real programs: they say whether somebody is logged in, and not whether the provider still lets them in. */
const STATUS: Readonly<Partial<Record<Login, readonly string[]>>> = {
  claude: ['claude', 'auth', 'status'],
  codex: ['codex', 'login', 'status'],
};

async function checkLogin(login: Login, env: NodeJS.ProcessEnv, implied: boolean): Promise<Answer> {
  const argv = STATUS[login];
  if (!argv) return { state: 'unknown', evidence: `${login} has no command that says whether it is logged in` };
  const [program = '', ...args] = argv;
  try {
    const file = findProgram(program, env['PATH'], process.cwd());
    const { exitCode } = await execa(file, args, {
      reject: false,
      extendEnv: false,
      env,
      stdin: 'ignore',
      stdout: 'ignore',
      stderr: 'ignore',
      timeout: PATIENCE_MS,
    });
    const said = `\`${argv.join(' ')}\` ends with ${exitCode ?? 'no code'}`;
    // Where nobody said that it is the login, the agent may be let in by its own settings.
    if (exitCode === 1) return { state: implied ? 'unknown' : 'invalid', evidence: `${said}: nobody is logged in there` };
    return {
      state: 'unknown',
      evidence: `${said}: ${exitCode === 0 ? 'somebody is logged in, and only a request can tell whether they are let in' : 'it does not say'}`,
    };
  } catch (error) {
    return { state: 'unknown', evidence: (error as Error).message };
  }
}

export interface CredentialChecks {
  check(credential: Credential): Promise<Answer>;
}

/** How long an answer is anybody's. What could not tell is soon asked again. */
const FRESH_MS = 30_000;
const FRESH_UNKNOWN_MS = 5000;

/** Shared by all tasks of a worker: one question in flight for a credential, its answer kept for a short time, at most `freshMs`. */
export function createChecks(freshMs: number = FRESH_MS, ask: typeof checkOne = checkOne, now: () => number = Date.now): CredentialChecks {
  const kept = new Map<string, { readonly answer: Promise<Answer>; until: number }>();
  return {
    check: (credential) => {
      const { used, implied, env } = credential;
      // The same key may be one of several providers', and a login is that of one home.
      const key = JSON.stringify([used, implied, env['HOME'], ...Object.values(BASES).map(([, variable]) => env[variable])]);
      const there = kept.get(key);
      if (there && now() < there.until) return there.answer;
      const entry = { answer: ask(credential), until: Number.POSITIVE_INFINITY };
      kept.set(key, entry);
      void entry.answer.then(({ state }) => {
        entry.until = now() + Math.min(freshMs, state === 'unknown' ? FRESH_UNKNOWN_MS : FRESH_MS);
      });
      return entry.answer;
    },
  };
}
