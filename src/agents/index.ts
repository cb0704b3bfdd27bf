// The registry of agents: what starts them, and how their ends are read.

import type { Ending, Rule } from '../domain/ending.ts';
import { PROCESS_RULES } from '../domain/process-rules.ts';
import { acp, acpReader } from './acp.ts';
import type { Agent, Agents, Reader } from './agent.ts';
import { claude, claudeReader } from './claude.ts';
import { codex, codexReader } from './codex.ts';
import { command } from './command.ts';
import { gemini } from './gemini.ts';
import { moduleAgent } from './module.ts';
import { opencode, opencodeReader } from './opencode.ts';
import { pi } from './pi.ts';
import { qwen } from './qwen.ts';
import { readEnding } from './reading.ts';
import { asksInSilence, sdk } from './sdk.ts';

/** Those that every worker has, by the name in a task's `agent.use`. */
export const AGENTS: Agents = { claude, codex, opencode, acp, command, module: moduleAgent };

export const agentNamed = (agents: Agents, name: string): Agent | undefined => (Object.hasOwn(agents, name) ? agents[name] : undefined);

/** By the first word of an agent's name, such as `claude-agent-sdk` or `gemini-cli`. */
const READERS: Readonly<Record<string, Reader>> = {
  acp: acpReader,
  claude: claudeReader,
  codex: codexReader,
  gemini,
  opencode: opencodeReader,
  pi,
  qwen,
  ai: sdk,
  anthropic: sdk,
  openai: sdk,
  sdk,
};

/** `codex-acp`: the protocol is ACP's, and the clock is Codex's. */
const CODEX_ACP: Reader = { ...acpReader, printsLocalTime: true };
/** `codex-sdk`: a library, which is silent while it asks. */
const CODEX_SDK: Reader = { ...codexReader, conclude: asksInSilence };

/** undefined for a name that nobody knows, and for programs that speak in no way of their own. */
function readerOf(agent = '', agents: Agents = AGENTS): Reader | undefined {
  const own = agentNamed(agents, agent);
  if (own) return own.reader;
  const dash = agent.indexOf('-');
  const first = dash < 0 ? agent : agent.slice(0, dash);
  if (/-acp\b/.test(agent)) return first === 'codex' ? CODEX_ACP : acpReader;
  if (agent === 'codex-sdk') return CODEX_SDK;
  return Object.hasOwn(READERS, first) ? READERS[first] : undefined;
}

/** An ending with everything that its agent's own stream says of it; as it is where nobody knows the agent. */
export function endingOf(ending: Ending, agents?: Agents): Ending {
  const reader = readerOf(ending.agent, agents);
  return reader ? readEnding(ending, reader) : ending;
}

/** The rules to classify an agent's ends by: its own before those for any process. The same list for the same agent. */
export const rulesFor = (agent: string | undefined, agents?: Agents): readonly Rule[] => readerOf(agent, agents)?.rules ?? PROCESS_RULES;
