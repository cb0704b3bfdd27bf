// The last words of a run: its result file as its agent's adapter reads it, and the ends of its streams.
import { readFile } from 'node:fs/promises';
import type { Agents, AgentWords } from '../agents/agent.ts';
import type { Exit } from '../domain/run.ts';
import type { AgentSpec } from '../domain/task.ts';
import type { Redact } from '../host/redact.ts';
import type { RunDir } from '../host/state-dir.ts';
import { readTail } from '../host/tail.ts';

const TAIL_BYTES = 8 * 1024;
/** Read beyond the tail, so that a secret that its beginning would cut in two is whole when it is redacted. */
const MARGIN_BYTES = 2048;

export interface LastWords extends AgentWords {
  readonly stdoutTail: string;
  readonly stderrTail: string;
}

/** The run's own word that it is finished: what its result file says, else a good exit. */
export function saysFinished({ typed }: LastWords, exit: Exit | undefined): boolean {
  return typed ? typed.outcome === 'finished' : exit?.exitCode === 0;
}

export async function readWords(agents: Agents, { use }: AgentSpec, dir: RunDir, redact: Redact): Promise<LastWords> {
  const tailOf = async (file: string) => redact.text(await readTail(file, TAIL_BYTES + MARGIN_BYTES)).slice(-TAIL_BYTES);
  const [result, stdoutTail, stderrTail] = await Promise.all([
    readFile(dir.result, 'utf8').catch(() => undefined),
    tailOf(dir.stdout),
    tailOf(dir.stderr),
  ]);
  return { ...redact.json(agents[use]?.readResult?.(result) ?? {}), stdoutTail, stderrTail };
}
