// From a run and its agent's adapter to the process that its supervisor starts: argv, environment, files.

import { createHash } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Agent, Launch } from '../agents/agent.ts';
import { agentNamed } from '../agents/index.ts';
import type { RunInput } from '../domain/run.ts';
import { agentEnvironment } from '../host/agent-environment.ts';
import { credentialsOf, variablesOf } from '../host/credentials.ts';
import { DRIVER_ORDER_FILE, driverArgv } from '../host/drivers/driver-order.ts';
import { findProgram } from '../host/find-program.ts';
import { programVersion } from '../host/program-version.ts';
import { type RunDir, runMark } from '../host/state-dir.ts';
import type { Deps } from './deps.ts';

export interface Launched {
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

/** Writes what the agent is to read. Throws with the code ENOENT where this host has no agent of that name, or not its credential: it lacks a tool. */
export async function prepareLaunch(
  deps: Deps,
  { task, n, plans }: RunInput,
  dir: RunDir,
  told: { readonly prompt: string; readonly resume?: string },
): Promise<Launched> {
  const agent = agentOf(deps, task.agent.use);
  const launch = agent.launch({
    spec: task.agent,
    ...told,
    promptFile: dir.prompt,
    session: sessionOf(dir),
    limits: task.limits.run,
  });
  const inFolder = (text: string) => text.replaceAll('{files}', () => dir.files);
  const argv = launch.argv.map(inFolder);
  await writeFiles(dir, launch, inFolder);
  const env = Object.fromEntries(Object.entries(launch.env ?? {}).map(([name, value]) => [name, inFolder(value)]));
  const wrap = deps.config.host.wrap.map((part) => part.replaceAll('{workspace}', dir.workspace).replaceAll('{run}', dir.root));
  const credentials = credentialsOf(deps.credentials, task, agent.credentials ?? []);
  await writeFile(dir.credentials, JSON.stringify(credentials.map(({ used }) => used)));
  const whole = agentEnvironment({ hostEnv: deps.env, task, n, dir, plans, agent: { env, credentials: variablesOf(credentials) } });
  // What a driver is to start must be there as well as what a supervisor is.
  const [program] = [...wrap, ...argv];
  if (launch.driver && program !== undefined) findProgram(program, whole['PATH'], dir.workspace);
  return { argv: await argvOf(launch, dir, argv, wrap), env: whole };
}

/** The session that the run goes on with: on its own host, by the same version of its agent as far as both are known. */
export async function sessionHere(deps: Deps, input: RunInput, dir: RunDir): Promise<string | undefined> {
  const { resume } = input;
  if (resume?.host !== deps.host) return undefined;
  if (resume.agentVersion === undefined) return resume.id;
  const version = await ownVersion(deps, input, dir);
  return version === undefined || version === resume.agentVersion ? resume.id : undefined;
}

/** What the agent's program itself says of its version; undefined where it cannot be asked. */
export async function ownVersion({ agents, env: hostEnv }: Deps, { task, n }: RunInput, dir: RunDir): Promise<string | undefined> {
  const argv = agentNamed(agents, task.agent.use)?.versionArgv?.(task.agent);
  return argv && programVersion(argv, agentEnvironment({ hostEnv, task, n, dir }), dir.workspace);
}

function agentOf({ agents, host }: Deps, name: string): Agent {
  const agent = agentNamed(agents, name);
  if (agent) return agent;
  throw Object.assign(new Error(`the worker of ${host} has no agent named ${name}: register it there (createOutlive({agents}))`), {
    code: 'ENOENT',
  });
}

async function writeFiles(dir: RunDir, { files = {} }: Launch, inFolder: (text: string) => string): Promise<void> {
  await mkdir(dir.files, { recursive: true });
  for (const [name, text] of Object.entries(files)) await writeFile(join(dir.files, name), inFolder(text), { mode: 0o600 });
}

/** What the host starts agents inside is around the agent's own program: a driver stays outside, but for the one that is the agent. */
async function argvOf({ driver }: Launch, dir: RunDir, argv: readonly string[], wrap: readonly string[]): Promise<readonly string[]> {
  if (!driver) return [...wrap, ...argv];
  const file = join(dir.files, DRIVER_ORDER_FILE);
  const isAgent = driver.kind === 'module';
  await writeFile(file, JSON.stringify({ ...driver.told, argv: isAgent ? argv : [...wrap, ...argv] }), { mode: 0o600 });
  return [...(isAgent ? wrap : []), ...driverArgv(driver.kind, file)];
}

/** The same for the same run, whoever asks: a UUID made of its mark (RFC 9562, version 8). */
function sessionOf(dir: RunDir): string {
  const hex = createHash('sha256').update(runMark(dir)).digest('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}
