// The last words of a run: its result file as its agent's adapter reads it, and the ends of its streams.
import { readFile } from 'node:fs/promises';
import type { AgentWords } from '../agents/agent.ts';
import { AGENTS } from '../agents/index.ts';
import type { AgentSpec } from '../domain/task.ts';
import type { RunDir } from '../host/state-dir.ts';
import { readTail } from '../host/tail.ts';

const TAIL_BYTES = 8 * 1024;

export interface LastWords extends AgentWords {
  readonly stdoutTail: string;
  readonly stderrTail: string;
}

export async function readWords(agent: AgentSpec['use'], dir: RunDir): Promise<LastWords> {
  const [result, stdoutTail, stderrTail] = await Promise.all([
    readFile(dir.result, 'utf8').catch(() => undefined),
    readTail(dir.stdout, TAIL_BYTES),
    readTail(dir.stderr, TAIL_BYTES),
  ]);
  return { ...AGENTS[agent].read(result), stdoutTail, stderrTail };
}
