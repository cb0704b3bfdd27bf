// Where notices go out: a webhook, Slack, a program, a function of the user's own. A channel brings a notice out or throws;
// what it throws says which channel and how it failed, and never its address, which may be a secret.

import { randomUUID } from 'node:crypto';
import { execa } from 'execa';
import { type ChannelSettings, type Notice, type Setting, sayNotice } from '../domain/notice.ts';
import { endTree, MARK_VARIABLE, processIdentity } from './process-tree.ts';

/** `name` is how a person finds it in the configuration. */
export interface Channel {
  readonly name: string;
  send(notice: Notice): Promise<void>;
}

export type Notify = (notice: Notice) => Promise<void>;

const PATIENCE_MS = 20_000;
const GRACE_MS = 2000;

export function channelsOf(settings: readonly ChannelSettings[], env: NodeJS.ProcessEnv, own?: Notify): readonly Channel[] {
  const configured = settings.map((one, index): Channel => ({ name: `notify[${index}] (${one.kind})`, send: senderOf(one, env) }));
  return own ? [...configured, { name: 'notify of createOutlive', send: own }] : configured;
}

function senderOf(channel: ChannelSettings, env: NodeJS.ProcessEnv): Notify {
  switch (channel.kind) {
    case 'webhook':
      return async (notice) => {
        const headers = Object.entries(channel.headers).map(([name, value]): [string, string] => [name, settingOf(value, env)]);
        await post(settingOf(channel.url, env), notice, { ...Object.fromEntries(headers), 'idempotency-key': notice.key });
      };
    case 'slack':
      return (notice) => post(settingOf(channel.url, env), { text: slackText(notice) }, {});
    case 'command':
      return (notice) => run(channel.argv, notice, env);
  }
}

function settingOf(setting: Setting, env: NodeJS.ProcessEnv): string {
  if (typeof setting === 'string') return setting;
  const value = env[setting.env];
  if (value) return value;
  throw new Error(`the variable ${setting.env} is not set in the worker's environment`);
}

async function post(url: string, body: unknown, headers: Readonly<Record<string, string>>): Promise<void> {
  let response: Response;
  try {
    response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify(body),
      // An address that moved is put right by a person; its secret does not follow to wherever it leads.
      redirect: 'manual',
      signal: AbortSignal.timeout(PATIENCE_MS),
    });
  } catch (error) {
    const { cause, name } = error as Error & { readonly cause?: NodeJS.ErrnoException };
    throw new Error(`it gave no answer (${cause?.code ?? name})`);
  }
  await response.body?.cancel();
  if (!response.ok) throw new Error(`it answered ${response.status}`);
}

/** Slack's own three characters; what people wrote must not become a link or a mention. */
const escaped = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

const LONGEST_SLACK = 3000;

function slackText(notice: Notice): string {
  const commands = notice.answer.map((command) => `• \`${escaped(command)}\``).join('\n');
  return `*${escaped(sayNotice(notice)).slice(0, LONGEST_SLACK)}*\n${commands}\n\`${escaped(notice.show)}\``;
}

/** No shell. Its whole tree is gone afterwards, however it ended. */
async function run(argv: readonly string[], notice: Notice, env: NodeJS.ProcessEnv): Promise<void> {
  const [program = '', ...args] = argv;
  const mark = `notice-${randomUUID()}`;
  const child = execa(program, args, {
    reject: false,
    detached: true,
    input: JSON.stringify(notice),
    extendEnv: false,
    env: { ...env, ...variablesOf(notice), [MARK_VARIABLE]: mark },
    stdout: 'ignore',
  });
  const identity = child.pid === undefined ? undefined : processIdentity(child.pid);
  const end = (graceMs: number) => endTree({ pid: identity?.pid, pidStartTime: identity?.startTime, mark, graceMs });
  let isLate = false;
  const timer = setTimeout(() => {
    isLate = true;
    void end(GRACE_MS);
  }, PATIENCE_MS);
  // What it left in the background holds its output open, and is not waited for.
  child.once('exit', () => void end(0));
  const done = await child;
  clearTimeout(timer);
  if (isLate) throw new Error(`it did not end within ${PATIENCE_MS / 1000} s`);
  if (done.failed) throw new Error(`it ended with ${done.exitCode ?? done.signal ?? 'no program of that name'}: ${lastLine(done.stderr)}`);
}

const variablesOf = (notice: Notice): Record<string, string> => ({
  OUTLIVE_NOTICE_KIND: notice.kind,
  OUTLIVE_NOTICE_KEY: notice.key,
  ...(notice.kind === 'incident' ? { OUTLIVE_INCIDENT: notice.incident } : { OUTLIVE_TASK: notice.task }),
});

const lastLine = (text: string): string => text.trim().split('\n').at(-1)?.slice(0, 200) ?? '';
