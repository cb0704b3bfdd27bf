// What an agent sees of its host: little, and always the same (DESIGN §6). Everything else has to be asked for in the task.

import type { Task } from '../domain/task.ts';
import type { RunDir } from './state-dir.ts';

/** Where programs are, how people are spoken to, and how the network is reached. */
const PASSED = new Set(
  `PATH HOME LANG TERM TZ
   HTTP_PROXY HTTPS_PROXY ALL_PROXY NO_PROXY FTP_PROXY
   SSL_CERT_FILE SSL_CERT_DIR NODE_EXTRA_CA_CERTS REQUESTS_CA_BUNDLE CURL_CA_BUNDLE GIT_SSL_CAINFO GIT_SSL_CAPATH PIP_CERT CARGO_HTTP_CAINFO`.split(
    /\s+/,
  ),
);

const isPassed = (name: string): boolean =>
  PASSED.has(name) || name.startsWith('LC_') || (name.endsWith('_proxy') && PASSED.has(name.toUpperCase()));

export interface AgentSetting {
  readonly hostEnv: NodeJS.ProcessEnv;
  readonly task: Pick<Task, 'id' | 'env'>;
  readonly n: number;
  readonly dir: RunDir;
  /** It is to plan the task. */
  readonly plans?: true | undefined;
  /** What its adapter adds: left out for checks and probes, which need no model. */
  readonly agent?: { readonly env: Readonly<Record<string, string>>; readonly credentials: readonly string[] };
}

/** The whole environment of an agent and of the checks after it. The task's own settings beat the host's, Outlive's beat both. */
export function agentEnvironment({ hostEnv, task, n, dir, plans, agent }: AgentSetting): Record<string, string> {
  const passes = (name: string) => isPassed(name) || agent?.credentials.includes(name) === true;
  const host = Object.entries(hostEnv).filter((entry): entry is [string, string] => passes(entry[0]) && entry[1] !== undefined);
  return {
    ...Object.fromEntries(host),
    ...agent?.env,
    ...task.env,
    TMPDIR: dir.tmp,
    OUTLIVE_TASK: task.id,
    OUTLIVE_RUN: String(n),
    OUTLIVE_PROMPT_FILE: dir.prompt,
    OUTLIVE_RESULT_FILE: dir.result,
    ...(plans ? { OUTLIVE_PLAN_FILE: dir.plan } : {}),
  };
}
