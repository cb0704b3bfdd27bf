// The last words of a run: its result file as its agent's adapter reads it, what its events have told, and the ends of its
// streams.
import { readFile } from 'node:fs/promises';
import type { Agent, Agents, AgentWords } from '../agents/agent.ts';
import type { Heard } from '../agents/heard.ts';
import { agentNamed, endingOf } from '../agents/index.ts';
import { usageOf } from '../agents/reading.ts';
import type { Exit } from '../domain/run.ts';
import { sayError } from '../domain/say-error.ts';
import type { AgentSpec } from '../domain/task.ts';
import type { Redact } from '../host/redact.ts';
import type { RunDir } from '../host/state-dir.ts';
import { readTail } from '../host/tail.ts';
import { hearAll } from './agent-signs.ts';

const TAIL_BYTES = 8 * 1024;
/** Read beyond the tail, so that a secret that its beginning would cut in two is whole when it is redacted. */
const MARGIN_BYTES = 2048;

export interface LastWords extends AgentWords {
  readonly stdoutTail: string;
  readonly stderrTail: string;
  readonly agentVersion?: string;
  readonly awaitsModel?: boolean;
  /** It has events, and there was not a single one. */
  readonly isMute?: true;
}

/** The run's own word that it is finished: what its result file or its stream says, else a good exit. */
export function saysFinished({ typed }: LastWords, exit: Exit | undefined): boolean {
  return typed ? typed.outcome === 'finished' : exit?.exitCode === 0;
}

export async function readWords(
  agents: Agents,
  { use }: AgentSpec,
  dir: RunDir,
  redact: Redact,
  exit: Exit | undefined,
): Promise<LastWords> {
  const agent = agentNamed(agents, use);
  const tailOf = async (file: string) => redact.text(await readTail(file, TAIL_BYTES + MARGIN_BYTES)).slice(-TAIL_BYTES);
  const [result, stdoutTail, stderrTail, heard] = await Promise.all([
    readFile(dir.result, 'utf8').catch(() => undefined),
    tailOf(dir.stdout),
    tailOf(dir.stderr),
    agent && hearAll(agent, dir.stdout),
  ]);
  const exitCode = exit?.exitCode === undefined ? {} : { exitCode: exit.exitCode };
  const { typed } = endingOf({ agent: use, stdoutTail, stderrTail, ...exitCode }, agents);
  const own = ownWords(agent, result);
  const words = { ...(typed ? { typed } : {}), ...(heard ? wordsOf(heard) : {}), ...own };
  return { ...redact.json(words), stdoutTail, stderrTail };
}

/** A reader of the user's own may break: then its result file is one that cannot be read. */
function ownWords(agent: Agent | undefined, result: string | undefined): AgentWords {
  try {
    return agent?.readResult?.(result) ?? {};
  } catch (error) {
    return { unreadable: `its agent could not read it: ${sayError(error)}` };
  }
}

function wordsOf(heard: Readonly<Heard>): Omit<LastWords, 'stdoutTail' | 'stderrTail'> {
  const { session, version, awaitsModel, events, end } = heard;
  const { incomplete, ...used } = usageOf(heard) ?? {};
  // Where its end was heard, so was every step before it.
  const usage = incomplete && end === undefined ? { ...used, incomplete } : used;
  return {
    ...(Object.keys(usage).length > 0 ? { usage } : {}),
    ...(session === undefined ? {} : { session }),
    ...(version === undefined ? {} : { agentVersion: version }),
    ...(awaitsModel === undefined ? {} : { awaitsModel }),
    ...(events === 0 ? { isMute: true } : {}),
  };
}
