// The registry of agents: what starts them, and how their ends are read.

import type { Ending, Rule } from '../domain/ending.ts';
import { PROCESS_RULES } from '../domain/process-rules.ts';
import type { AgentSpec } from '../domain/task.ts';
import { acp } from './acp.ts';
import type { Agent, Reader } from './agent.ts';
import { claude } from './claude.ts';
import { codex } from './codex.ts';
import { command } from './command.ts';
import { gemini } from './gemini.ts';
import { opencode } from './opencode.ts';
import { pi } from './pi.ts';
import { qwen } from './qwen.ts';
import { readEnding } from './reading.ts';
import { asksInSilence, sdk } from './sdk.ts';

export const AGENTS: Readonly<Record<AgentSpec['use'], Agent>> = { command };

/** By the first word of an agent's name, such as `claude-agent-sdk` or `gemini-cli`. */
const READERS: Readonly<Record<string, Reader>> = {
  acp,
  claude,
  codex,
  gemini,
  opencode,
  pi,
  qwen,
  ai: sdk,
  anthropic: sdk,
  openai: sdk,
  sdk,
};

/** `codex-acp`: the protocol is ACP's, and the clock is Codex's. */
const CODEX_ACP: Reader = { ...acp, printsLocalTime: true };
/** `codex-sdk`: a library, which is silent while it asks. */
const CODEX_SDK: Reader = { ...codex, conclude: asksInSilence };

/** undefined for a name that nobody knows, and for programs that speak in no way of their own. */
function readerOf(agent = ''): Reader | undefined {
  const dash = agent.indexOf('-');
  const first = dash < 0 ? agent : agent.slice(0, dash);
  if (/-acp\b/.test(agent)) return first === 'codex' ? CODEX_ACP : acp;
  if (agent === 'codex-sdk') return CODEX_SDK;
  return Object.hasOwn(READERS, first) ? READERS[first] : undefined;
}

/** An ending with everything that its agent's own stream says of it; as it is where nobody knows the agent. */
export function endingOf(ending: Ending): Ending {
  const reader = readerOf(ending.agent);
  return reader ? readEnding(ending, reader) : ending;
}

/** The rules to classify an agent's ends by: its own before those for any process. The same list for the same agent. */
export const rulesFor = (agent: string | undefined): readonly Rule[] => readerOf(agent)?.rules ?? PROCESS_RULES;
