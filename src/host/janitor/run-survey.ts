// What lies in the folders of a host's runs, for whoever tidies up: whose it is, and whether anything of it is still owed.

import { stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { taskWorkflowId } from '../../domain/names.ts';
import type { KeptRun } from '../../domain/retention.ts';
import type { RunInput } from '../../domain/run.ts';
import type { Banking } from '../bank.ts';
import { readJson } from '../durable-file.ts';
import { type Journal, readJournal } from '../journal.ts';
import { listRunDirs, type RunDir, taskOfRunDir } from '../state-dir.ts';
import { GONE } from './folder-removal.ts';

/** `banking`: how to bank it once more; there where its trace is `reported`. */
export interface SurveyedRun extends Omit<KeptRun, 'look'> {
  readonly dir: RunDir;
  readonly workflowId: string;
  readonly banking?: Banking;
}

export async function surveyRuns(state: string): Promise<SurveyedRun[]> {
  const runs: SurveyedRun[] = [];
  for (const dir of await listRunDirs(state)) {
    const run = dir.root.endsWith(GONE) ? undefined : await surveyRun(dir);
    if (run) runs.push(run);
  }
  return runs;
}

/** Undefined where the folder has gone since it was listed. */
async function surveyRun(dir: RunDir): Promise<SurveyedRun | undefined> {
  const folder = await stat(dir.root).catch(() => undefined);
  if (!folder) return undefined;
  const read = await readJournal(dir);
  const byName = { dir, workflowId: taskWorkflowId(taskOfRunDir(dir)), newest: folder.mtimeMs };
  if (read.kind === 'corrupt') return { ...byName, trace: { kind: 'unreadable', evidence: read.evidence } };
  if (read.kind === 'missing') return { ...byName, trace: (await hadAgent(dir)) ? lost(dir) : { kind: 'never_started' } };
  const known = { dir, workflowId: read.journal.prepared.workflowId, newest: newestOf(read.journal) };
  if (!read.journal.reported) return { ...known, trace: { kind: 'unreported' } };
  const task = await taskOf(dir, read.journal);
  if (!task) return { ...known, trace: { kind: 'unreadable', evidence: `${dir.input} does not say what the run was asked to do` } };
  const { n, workflowRunId } = read.journal.prepared;
  return { ...known, trace: { kind: 'reported' }, banking: { dir, task, workflowRunId, n, host: basename(dir.state) } };
}

const lost = (dir: RunDir): KeptRun['trace'] => ({
  kind: 'unreadable',
  evidence: `an agent was here, and the journal ${dir.journal} is gone`,
});

/** The supervisor opens the logs before it starts an agent. */
async function hadAgent(dir: RunDir): Promise<boolean> {
  const traces = await Promise.all([dir.stdout, dir.stderr, dir.outcome].map((file) => stat(file).catch(() => undefined)));
  return traces.some((trace) => trace !== undefined);
}

async function taskOf(dir: RunDir, { prepared }: Journal): Promise<RunInput['task'] | undefined> {
  const input = (await readJson(dir.input).catch(() => undefined)) as Partial<RunInput> | undefined;
  return input?.n === prepared.n && input.task?.id === prepared.taskId ? input.task : undefined;
}

function newestOf({ prepared, owned, entered, reported }: Journal): number {
  return Math.max(...[prepared, owned, entered, reported].flatMap((line) => (line ? [Date.parse(line.at)] : [])));
}

/** `<task>/<n>-<id>`: by it a folder, the record of its bank, and its bank refs find each other. */
export const keyOfRun = (dir: RunDir): string => `${taskOfRunDir(dir)}/${basename(dir.root)}`;
