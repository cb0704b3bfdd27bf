// What a person is asked, and what counts as an answer. Guards are written by hand: they run inside the workflow,
// where a schema library would cost half a megabyte for each waiting task.

import { DURATION_FORM, parseDuration } from './duration.ts';
import type { Evidence } from './failure.ts';
import { quote } from './story.ts';
import type { Task } from './task.ts';

/** Choices and what they do. Names on the wire. */
export const CHOICES = {
  retry: 'one more run; your note goes into its prompt',
  finish: 'you vouch for the work that is there: Outlive makes the rest without a run',
  adopt: 'what is there is taken as it is, and the task goes on from it',
  split: 'an agent plans the work in steps, and each is a run of its own; your note goes into its prompt',
  look: 'look at everything again, then decide anew',
  wait: 'ask again in an hour',
  close: 'the work cannot be done: the task ends as failed',
  approve: 'the work is good: Outlive makes what it owes',
  refuse: 'nothing is published; everything is kept, and you are asked what next',
} as const;
export type Choice = keyof typeof CHOICES;

export interface Question {
  readonly id: string;
  readonly text: string;
  readonly evidence: readonly Evidence[];
  readonly choices: readonly Choice[];
  readonly owner: string;
  readonly askedAt: string;
  /** Who was asked first, where it has gone to somebody else since. */
  readonly askedFirst?: string;
  /** A `retry` must bring a note or another limit of the run: the same inputs would end the same way. */
  readonly needsChange?: boolean;
}

/** What an answer may set, for the rest of the task: counts as numbers, amounts in US dollars, durations as `10m`, the model by its agent's name for it. */
export const SETTABLE = ['runs', 'perReason', 'wall', 'costUsd', 'run.wall', 'run.stall', 'run.turns', 'run.costUsd', 'model'] as const;
export type Setting = (typeof SETTABLE)[number];
export const COUNTS: readonly string[] = ['runs', 'perReason', 'run.turns'] satisfies Setting[];
export const AMOUNTS: readonly string[] = ['costUsd', 'run.costUsd'] satisfies Setting[];

export interface Answer {
  readonly question?: string;
  readonly choice: Choice;
  readonly note?: string;
  readonly set?: Readonly<Partial<Record<Setting, string | number>>>;
  readonly by?: string;
}

export interface Stop {
  readonly why: string;
  readonly by?: string;
}

export type Read<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly problem: string };

const MAX_TEXT = 4000;
/** The bounds of a task spec hold for an answer too: beyond them the server refuses what the task asks of it. */
const MAX_COUNT = 1000;
const MAX_DURATION_MS = 30 * 86_400_000;

/** Reads what came over the wire as an answer to `open`; a bare string is a choice. Total: any value gets an answer or a clear problem. */
export function readAnswer(sent: unknown, open: Question | undefined, answered: string | undefined, agent: string): Read<Answer> {
  const given = typeof sent === 'string' ? { choice: sent.trim() } : sent;
  if (!isRecord(given)) return problem('an answer is {"choice": "…"}, with "note", "set", "question" and "by" where wanted');
  const { question, choice, note, set, by } = given;
  for (const [name, value] of Object.entries({ question, note, by })) {
    if (value !== undefined && value !== null && (typeof value !== 'string' || value.length > MAX_TEXT)) {
      return problem(`"${name}" must be a text of at most ${MAX_TEXT} characters`);
    }
  }
  if (!open) return problem(answered ?? 'no question is open; nothing is waiting for an answer');
  if (typeof question === 'string' && question !== open.id) {
    return problem(answered ?? `question ${quote(question, 40)} is not open; ${open.id} is`);
  }
  if (typeof choice !== 'string' || !open.choices.includes(choice as Choice)) {
    return problem(`"${typeof choice === 'string' ? quote(choice, 40) : ''}" is no choice here. Choose one of: ${open.choices.join(', ')}`);
  }
  const settings = readSettings(set, agent);
  if (!settings.ok) return settings;
  const said = words(note);
  if (open.needsChange && choice === 'retry' && said === undefined && !changesRun(settings.value)) {
    return problem(
      'a run on the same inputs would end the same way: add a note that changes what the run is told, or set run.wall, run.stall, run.turns, run.costUsd or model',
    );
  }
  const who = words(by);
  return {
    ok: true,
    value: {
      question: open.id,
      choice: choice as Choice,
      ...(said === undefined ? {} : { note: said }),
      ...(Object.keys(settings.value).length > 0 ? { set: settings.value } : {}),
      ...(who === undefined ? {} : { by: who }),
    },
  };
}

/** More runs, or more time for all of them, are still the same run once more. */
const changesRun = (set: NonNullable<Answer['set']>): boolean =>
  (['run.wall', 'run.stall', 'run.turns', 'run.costUsd', 'model'] as const).some((name) => set[name] !== undefined);

/** Reads the argument of `stop`. */
export function readStop(sent: unknown): Read<Stop> {
  if (!isRecord(sent)) return problem('a stop is {"why": "…"}, with "by" where wanted');
  const why = words(sent['why']);
  if (why === undefined) return problem(`"why" must say in at most ${MAX_TEXT} characters why the task is stopped`);
  const by = words(sent['by']);
  return { ok: true, value: { why, ...(by === undefined ? {} : { by }) } };
}

/** Agents whose model a task names. */
const WITH_MODEL: readonly string[] = ['claude', 'codex', 'opencode'];
const LONGEST_MODEL = 200;

function readSettings(set: unknown, agent: string): Read<NonNullable<Answer['set']>> {
  if (set === undefined || set === null) return { ok: true, value: {} };
  if (!isRecord(set)) return problem('"set" must be an object such as {"runs": 8}');
  for (const [name, value] of Object.entries(set)) {
    if (!SETTABLE.includes(name as Setting)) return problem(`"${quote(name, 40)}" cannot be set; these can: ${SETTABLE.join(', ')}`);
    if (name === 'model') {
      if (!WITH_MODEL.includes(agent)) return problem(`the agent ${agent} is not told its model here: change its argv in a new task`);
      const model = words(value);
      if (model === undefined || model.length > LONGEST_MODEL)
        return problem(`"model" must be a name of at most ${LONGEST_MODEL} characters`);
    } else if (COUNTS.includes(name)) {
      if (!isCount(value)) return problem(`"${name}" must be a whole number from 1 to ${MAX_COUNT}`);
    } else if (AMOUNTS.includes(name)) {
      if (!isAmount(value)) return problem(`"${name}" must be an amount in US dollars, more than 0`);
    } else if (!isSpan(value)) return problem(`"${name}" must be ${DURATION_FORM}, more than 0 and at most 30d`);
  }
  return { ok: true, value: set as NonNullable<Answer['set']> };
}

/** The task with an answer's settings in place. */
export function withSettings(task: Task, set: NonNullable<Answer['set']>): Task {
  const { limits, agent } = task;
  const duration = (name: Setting): number | undefined => parseDuration(String(set[name] ?? ''));
  const wallMs = duration('run.wall') ?? limits.run.wallMs;
  const turns = set['run.turns'] ?? limits.run.turns;
  const costUsd = set.costUsd ?? limits.costUsd;
  const ofRunUsd = set['run.costUsd'] ?? limits.run.costUsd;
  return {
    ...task,
    agent: set.model === undefined ? agent : { ...agent, model: String(set.model) },
    limits: {
      ...limits,
      runs: Number(set.runs ?? limits.runs),
      perReason: Number(set.perReason ?? limits.perReason),
      wallMs: duration('wall') ?? limits.wallMs,
      ...(costUsd === undefined ? {} : { costUsd: Number(costUsd) }),
      run: {
        ...limits.run,
        wallMs,
        stallMs: Math.min(wallMs, duration('run.stall') ?? limits.run.stallMs),
        ...(turns === undefined ? {} : { turns: Number(turns) }),
        ...(ofRunUsd === undefined ? {} : { costUsd: Number(ofRunUsd) }),
      },
    },
  };
}

const problem = (text: string): { ok: false; problem: string } => ({ ok: false, problem: text });
const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value);

/** What somebody wrote, or undefined where that is nothing, too long or no text. */
function words(value: unknown): string | undefined {
  return typeof value === 'string' && value.length <= MAX_TEXT && value.trim() !== '' ? value.trim() : undefined;
}

/** The CLI sends `--set runs=8` as a text. */
function isCount(value: unknown): boolean {
  const number = typeof value === 'string' && /^\d{1,4}$/.test(value) ? Number(value) : value;
  return typeof number === 'number' && Number.isInteger(number) && number >= 1 && number <= MAX_COUNT;
}

function isAmount(value: unknown): boolean {
  const number = typeof value === 'string' && /^\d{1,6}(\.\d{1,4})?$/.test(value) ? Number(value) : value;
  return typeof number === 'number' && Number.isFinite(number) && number > 0;
}

function isSpan(value: unknown): boolean {
  const ms = typeof value === 'string' ? parseDuration(value) : undefined;
  return ms !== undefined && ms > 0 && ms <= MAX_DURATION_MS;
}
