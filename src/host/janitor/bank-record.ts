// What is still in the bank of a run whose folder is gone: a small file, there until the bank itself has gone. Without it
// nobody would know what to delete, and when.

import { mkdir, readdir, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { Closed } from '../../domain/retention.ts';
import { readJson, reserveFile } from '../durable-file.ts';
import { type RunDir, taskOfRunDir } from '../state-dir.ts';
import type { Refs } from './bank-refs.ts';

const VERSION = 1;

/** `run` is the name of the run's folder; `closed` is how its task had ended when the folder went. */
export interface BankRecord {
  readonly v: typeof VERSION;
  readonly taskId: string;
  readonly run: string;
  readonly workflowId: string;
  readonly repo: string;
  readonly at: 'origin' | 'host';
  readonly refs: Refs;
  readonly closed: Closed;
}

const folderOf = (state: string): string => join(state, 'banks');

export const recordPath = (state: string, { taskId, run }: Pick<BankRecord, 'taskId' | 'run'>): string =>
  join(folderOf(state), `${taskId}.${run}.json`);

/** On disk when it resolves. */
export async function writeRecord(dir: RunDir, record: Omit<BankRecord, 'v' | 'taskId' | 'run'>): Promise<void> {
  await mkdir(folderOf(dir.state), { recursive: true });
  const whole: BankRecord = { v: VERSION, taskId: taskOfRunDir(dir), run: basename(dir.root), ...record };
  await (await reserveFile(recordPath(dir.state, whole))).write(whole);
}

export const removeRecord = (state: string, record: BankRecord): Promise<void> => rm(recordPath(state, record), { force: true });

export interface Records {
  readonly records: readonly BankRecord[];
  /** Paths of those that cannot be read. */
  readonly unreadable: readonly string[];
}

export async function readRecords(state: string): Promise<Records> {
  const names = await readdir(folderOf(state)).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  const records: BankRecord[] = [];
  const unreadable: string[] = [];
  for (const name of names.filter((file) => file.endsWith('.json'))) {
    const path = join(folderOf(state), name);
    const value = await readJson(path).catch(() => undefined);
    if (isRecord(value) && recordPath(state, value) === path) records.push(value);
    else unreadable.push(path);
  }
  return { records, unreadable };
}

function isRecord(value: unknown): value is BankRecord {
  const { v, taskId, run, workflowId, repo, at, refs, closed } = (value ?? {}) as Partial<BankRecord>;
  const texts = [taskId, run, workflowId, repo, at];
  return v === VERSION && [...texts, ...Object.values(refs ?? { none: 0 })].every(isText) && typeof closed?.closedAt === 'number';
}

const isText = (value: unknown): value is string => typeof value === 'string';
