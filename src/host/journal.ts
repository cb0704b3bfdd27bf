// What is known of a run on its host, whoever dies: an append-only list of what happened, and the outcome beside it, which
// is there as a whole or not at all. The worker writes `prepared`, `owned` and `reported`; the supervisor writes
// `entered`, `ending` and the outcome. A journal that cannot be read in full is not guessed at.

import { mkdir, readFile } from 'node:fs/promises';
import type { EndedBy, Exit } from '../domain/run.ts';
import { appendLines, type ReservedFile, readJson, reserveFile } from './durable-file.ts';
import type { Incarnation } from './incarnation.ts';
import type { ProcessIdentity } from './process-tree.ts';
import type { RunDir } from './state-dir.ts';

const JOURNAL_VERSION = 1;

/** Times are ISO. */
interface Line {
  readonly v: typeof JOURNAL_VERSION;
  readonly at: string;
}

/** Everything is ready, and the supervisor is about to be told. `n` and Temporal's run id are the run's fence. */
export interface Prepared extends Line {
  readonly kind: 'prepared';
  readonly taskId: string;
  readonly n: number;
  readonly workflowId: string;
  readonly workflowRunId: string;
  readonly incarnation: Incarnation;
  readonly mark: string;
  readonly supervisor: ProcessIdentity;
}

/** The activity that answers for the run from here on; its task token (base64) is void as soon as another one does. */
export interface Owned extends Line {
  readonly kind: 'owned';
  readonly activityId: string;
  readonly taskToken: string;
}

/** The agent's process is there and may begin. `oomKills`: the kernel's count before it did. */
export interface Entered extends Line {
  readonly kind: 'entered';
  readonly agent: ProcessIdentity;
  readonly oomKills: number;
}

/** Somebody sets out to end the agent; the first cause stands. */
export interface Ending extends Line {
  readonly kind: 'ending';
  readonly endedBy: EndedBy;
}

/** Nobody has to be told of the run any more: the server took its end, or refused it, or the task is over and what it left is kept. */
export interface Reported extends Line {
  readonly kind: 'reported';
  readonly how: 'accepted' | 'refused' | 'kept';
}

export type JournalLine = Prepared | Owned | Entered | Ending | Reported;

/** How the run's process ended. */
export interface Outcome extends Line {
  readonly taskId: string;
  readonly n: number;
  readonly workflowRunId: string;
  readonly exit: Exit;
}

export type Phase = 'prepared' | 'entered' | 'ended' | 'reported';

export interface Journal {
  readonly phase: Phase;
  readonly prepared: Prepared;
  readonly owned?: Owned;
  readonly entered?: Entered;
  readonly endedBy?: EndedBy;
  readonly exit?: Exit;
  readonly reported?: Reported;
}

export type JournalRead =
  | { readonly kind: 'missing' }
  | { readonly kind: 'corrupt'; readonly evidence: string }
  | { readonly kind: 'known'; readonly journal: Journal };

type Fields<L> = L extends Line ? Omit<L, keyof Line> : never;

/** On disk when it resolves. */
export async function writeJournal(dir: RunDir, ...lines: readonly Fields<JournalLine>[]): Promise<void> {
  if (lines[0]?.kind === 'prepared') await mkdir(dir.root, { recursive: true });
  const at = new Date().toISOString();
  await appendLines(
    dir.journal,
    lines.map((line) => ({ v: JOURNAL_VERSION, at, ...line })),
  );
}

/** Takes the room that the outcome will need. */
export const reserveOutcome = (dir: RunDir): Promise<ReservedFile> => reserveFile(dir.outcome);

export function outcomeOf({ taskId, n, workflowRunId }: Pick<Prepared, 'taskId' | 'n' | 'workflowRunId'>, exit: Exit): Outcome {
  return { v: JOURNAL_VERSION, at: new Date().toISOString(), taskId, n, workflowRunId, exit };
}

/** For a run whose supervisor could not say how it ended. */
export async function writeOutcome(dir: RunDir, outcome: Outcome): Promise<void> {
  await (await reserveOutcome(dir)).write(outcome);
}

/** Never throws: a journal that cannot be read is an answer too. */
export async function readJournal(dir: RunDir): Promise<JournalRead> {
  try {
    const text = await readFile(dir.journal, 'utf8').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return undefined;
      throw error;
    });
    if (text === undefined) return { kind: 'missing' };
    return { kind: 'known', journal: journalOf(linesOf(text), checkOutcome(await readJson(dir.outcome))) };
  } catch (error) {
    return { kind: 'corrupt', evidence: `the journal ${dir.journal} cannot be relied on: ${(error as Error).message}` };
  }
}

function journalOf(lines: readonly JournalLine[], outcome: Outcome | undefined): Journal {
  const [prepared] = lines;
  if (prepared?.kind !== 'prepared') throw new Error('it does not begin with "prepared"');
  if (outcome && (outcome.taskId !== prepared.taskId || outcome.n !== prepared.n || outcome.workflowRunId !== prepared.workflowRunId))
    throw new Error('the outcome beside it is that of another run');
  const owned = lastOf(lines, 'owned');
  const entered = lastOf(lines, 'entered');
  const reported = lastOf(lines, 'reported');
  const endedBy = lines.find((line) => line.kind === 'ending')?.endedBy;
  return {
    phase: reported ? 'reported' : outcome ? 'ended' : entered ? 'entered' : 'prepared',
    prepared,
    ...(owned ? { owned } : {}),
    ...(entered ? { entered } : {}),
    ...(endedBy ? { endedBy } : {}),
    ...(outcome ? { exit: outcome.exit } : {}),
    ...(reported ? { reported } : {}),
  };
}

function lastOf<K extends JournalLine['kind']>(lines: readonly JournalLine[], kind: K): Extract<JournalLine, { kind: K }> | undefined {
  return lines.findLast((line): line is Extract<JournalLine, { kind: K }> => line.kind === kind);
}

function linesOf(text: string): JournalLine[] {
  const lines = text.split('\n');
  if (lines.pop() !== '') throw new Error('its last line was cut off');
  return lines.map((line, index) => checkLine(parse(line, index), index));
}

function parse(line: string, index: number): unknown {
  try {
    return JSON.parse(line);
  } catch {
    throw new Error(`line ${index + 1} is no JSON`);
  }
}

type Kind = 'string' | 'number' | 'object';
const FIELDS: Readonly<Record<JournalLine['kind'], Readonly<Record<string, Kind>>>> = {
  prepared: {
    taskId: 'string',
    n: 'number',
    workflowId: 'string',
    workflowRunId: 'string',
    incarnation: 'object',
    mark: 'string',
    supervisor: 'object',
  },
  owned: { activityId: 'string', taskToken: 'string' },
  entered: { agent: 'object', oomKills: 'number' },
  ending: { endedBy: 'string' },
  reported: { how: 'string' },
};

const ENDERS: Readonly<Record<EndedBy, true>> = {
  itself: true,
  wall_limit: true,
  stall: true,
  output_limit: true,
  turn_limit: true,
  budget: true,
  cancel: true,
  lease: true,
  drain: true,
  supervisor_lost: true,
};

function checkLine(value: unknown, index: number): JournalLine {
  const where = `line ${index + 1}`;
  const line = checkVersion(value, where);
  const kind = line['kind'] as JournalLine['kind'];
  const fields = Object.hasOwn(FIELDS, kind) && FIELDS[kind];
  if (!fields) throw new Error(`${where} is of the kind ${JSON.stringify(kind)}, which this version does not know`);
  checkFields(line, fields, where);
  if (kind === 'ending') checkEnder(line['endedBy'], where);
  return value as JournalLine;
}

function checkOutcome(value: unknown): Outcome | undefined {
  if (value === undefined) return undefined;
  const where = 'the outcome beside it';
  checkFields(checkVersion(value, where), { taskId: 'string', n: 'number', workflowRunId: 'string', exit: 'object' }, where);
  const outcome = value as Outcome;
  checkEnder(outcome.exit.endedBy, where);
  return outcome;
}

function checkEnder(by: unknown, where: string): void {
  if (typeof by !== 'string' || !Object.hasOwn(ENDERS, by))
    throw new Error(`${where} names ${JSON.stringify(by)} as who ended it, which this version does not know`);
}

function checkVersion(value: unknown, where: string): Record<string, unknown> {
  const fields = (typeof value === 'object' && value !== null ? value : {}) as Record<string, unknown>;
  if (fields['v'] !== JOURNAL_VERSION)
    throw new Error(`${where} is of version ${JSON.stringify(fields['v'])}, and this Outlive reads version ${JOURNAL_VERSION}`);
  return fields;
}

function checkFields(value: Record<string, unknown>, fields: Readonly<Record<string, Kind>>, where: string): void {
  const wrong = Object.entries(fields).filter(([name, kind]) => typeof value[name] !== kind || value[name] === null);
  if (wrong.length > 0) throw new Error(`${where} has no readable ${wrong.map(([name]) => name).join(', ')}`);
}
