// The registry of agents.
import type { AgentSpec } from '../domain/task.ts';
import type { Agent } from './agent.ts';
import { command } from './command.ts';

export const AGENTS: Readonly<Record<AgentSpec['use'], Agent>> = { command };
