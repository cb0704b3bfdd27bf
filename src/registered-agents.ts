// Agents of the user's own: those that `agents` in outlive.yaml names, and those that a worker is given in code.

import type { Agent, Agents } from './agents/agent.ts';
import { AGENTS } from './agents/index.ts';
import type { Config } from './config.ts';
import { AGENT_NAME } from './domain/names.ts';
import { loadUserModule, refused, type UserModule } from './user-module.ts';

const FORM = 'a default export with an agent by each name, such as {mine: {launch: ({prompt}) => ({argv: […]})}}';

/** Those of the module that the configuration names; none where it names none. Throws ConfigError. */
export async function loadAgents({ agents: file, source }: Config): Promise<Agents> {
  if (file === undefined) return {};
  const user: UserModule = { file, key: 'agents', source, form: FORM };
  const exported = await loadUserModule(user);
  const wrong = whatIsWrong(exported);
  if (wrong !== undefined) throw refused(user, wrong);
  return exported as Agents;
}

/** The first thing that keeps a value from being a registry of agents; undefined where nothing does. */
export function whatIsWrong(exported: unknown): string | undefined {
  if (typeof exported !== 'object' || exported === null) return `its default export is no mapping; expected ${FORM}`;
  for (const [name, agent] of Object.entries(exported as Record<string, Partial<Agent> | undefined>)) {
    if (!AGENT_NAME.test(name))
      return `${JSON.stringify(name)} is no name for an agent; expected 1 to 63 characters a-z, 0-9 and -, a letter first`;
    if (Object.hasOwn(AGENTS, name)) return `there is an agent named ${name} already; expected another name`;
    if (typeof agent?.launch !== 'function') return `the agent ${name} has no function launch; expected ({prompt}) => ({argv: […]})`;
    if (agent.reader && typeof agent.reader.hear !== 'function')
      return `the reader of the agent ${name} has no function hear(event, heard)`;
    if (agent.reader && !Array.isArray(agent.reader.rules))
      return `the reader of the agent ${name} has no list of rules; expected PROCESS_RULES of outlive, with its own before them`;
  }
  return undefined;
}
