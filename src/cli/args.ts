// What people type after a command, read into values. Everything that cannot be read is exit 2 with a word how it is written.

import { InvalidArgumentError } from 'commander';
import type { TaskState } from '../domain/contract.ts';
import { DURATION_FORM, parseDuration } from '../domain/duration.ts';
import { failureType, isReason, REASON_NAMES, type Reason } from '../domain/failure.ts';
import { hostOfHealthId, QUEUE_WORD, scopeOfHealthId, TASK_ID, taskIdOfWorkflow } from '../domain/names.ts';
import { AMOUNTS, type Answer, CHOICES, type Choice, COUNTS, SETTABLE } from '../domain/question.ts';
import { readScope, type Scope } from '../domain/scope.ts';
import { CliError } from './errors.ts';

export const TASK_STATES = [
  'queued',
  'running',
  'held',
  'asking',
  'finishing',
  'done',
  'failed',
  'cancelled',
] as const satisfies readonly TaskState[];
export const ROLES = ['all', 'control', 'host'] as const;

/** Takes the workflow's id as well: it is what the Web UI shows. */
export function taskId(text: string): string {
  const id = taskIdOfWorkflow(text);
  if (TASK_ID.test(id)) return id;
  throw new InvalidArgumentError('A task id has up to 63 of a-z, 0-9 and -, and begins with a letter or digit.');
}

/** Milliseconds. */
export function duration(text: string): number {
  const ms = parseDuration(text);
  if (ms === undefined) throw new InvalidArgumentError(`It is not ${DURATION_FORM}.`);
  return ms;
}

export function count(text: string): number {
  if (!/^\d{1,6}$/.test(text)) throw new InvalidArgumentError('It is not a whole number.');
  return Number(text);
}

export function atLeastOne(text: string): number {
  const number = count(text);
  if (number === 0) throw new InvalidArgumentError('It must be 1 or more.');
  return number;
}

function amount(text: string): number {
  const number = Number(text);
  if (text.trim() !== '' && Number.isFinite(number) && number > 0) return number;
  throw new InvalidArgumentError('It must be an amount in US dollars, more than 0.');
}

/** Names of hosts and pools become names of queues. */
export function queueWord(text: string): string {
  if (QUEUE_WORD.test(text)) return text;
  throw new InvalidArgumentError('Such a name has up to 63 of a-z, 0-9, ., _ and -, and begins with a letter or digit.');
}

/** Takes the entity's id as well: it is what the Web UI shows. */
export function hostId(text: string): string {
  const id = queueWord(hostOfHealthId(text));
  // The queue of a host "a.runs" would be the one through which a host "a" continues its runs.
  if (id.endsWith('.runs')) throw new InvalidArgumentError('The name of a host does not end in ".runs".');
  return id;
}

export function scope(text: string): Scope {
  // The entity's id as well: it is what the Web UI shows.
  const read = readScope(scopeOfHealthId(text));
  if (read) return read;
  throw new InvalidArgumentError('It is written host/NAME, provider/NAME or credential/NAME@ID, as `outlive incidents` lists them.');
}

/** `incidents` alone lists; with a word, its scope must follow. */
export function wordOnIncident(
  word: string | undefined,
  of: Scope | undefined,
): { readonly word: 'open' | 'close'; readonly of: Scope } | undefined {
  if (word === undefined) return undefined;
  if (word !== 'open' && word !== 'close')
    throw usage(`"${word}" is neither open nor close, as in \`outlive incidents close provider/anthropic --why '…'\`.`);
  if (of === undefined) throw usage(`Say which, as in \`outlive incidents ${word} provider/anthropic --why '…'\`.`);
  return { word, of };
}

export const queueWords = (text: string, before: readonly string[] = []): readonly string[] => [...before, queueWord(text)];

export function choice(text: string): Choice {
  if (Object.hasOwn(CHOICES, text)) return text as Choice;
  throw new InvalidArgumentError(`Choose one of: ${Object.keys(CHOICES).join(', ')}.`);
}

/** `killed` or `host.killed`. */
export function reason(text: string): Reason {
  const [, name] = /^(?:[a-z_]+\.)?([a-z_]+)$/.exec(text) ?? [];
  if (isReason(name) && (name === text || failureType(name) === text)) return name;
  throw new InvalidArgumentError(`It is none of the reasons: ${REASON_NAMES.join(', ')}.`);
}

/** With --reason there is one argument, the choice; the parser has read it as the name of a task. */
export function alikeChoice(first: string | undefined, second: Choice | undefined): Choice {
  if (first === undefined || second !== undefined)
    throw usage('With --reason give the choice alone, as in `outlive answer --reason killed retry`.');
  if (!Object.hasOwn(CHOICES, first)) throw usage(`"${first}" is no choice. Choose one of: ${Object.keys(CHOICES).join(', ')}.`);
  return first as Choice;
}

export function oneAnswer(id: string | undefined, choice: Choice | undefined): [string, Choice] {
  if (id === undefined || choice === undefined) throw usage('Give the task and the choice, as in `outlive answer fix-login retry`.');
  return [id, choice];
}

const usage = (message: string): Error => new CliError('usage', message);

type Settings = NonNullable<Answer['set']>;

/** One `--set limit=value`, on top of those before it. */
export function setting(text: string, before: Settings = {}): Settings {
  const [, key, value] = /^([^=]+)=(.*)$/.exec(text) ?? [];
  if (!key || value === undefined) throw new InvalidArgumentError('It is written limit=value, as in runs=8 or run.wall=2h.');
  if (!(SETTABLE as readonly string[]).includes(key)) throw new InvalidArgumentError(`An answer may set: ${SETTABLE.join(', ')}.`);
  if (COUNTS.includes(key)) return { ...before, [key]: atLeastOne(value) };
  if (AMOUNTS.includes(key)) return { ...before, [key]: amount(value) };
  if (key !== 'model') duration(value);
  return { ...before, [key]: value };
}

/** A host id out of a machine's name: `Build-Box.example.com` is `build-box`. */
export function hostIdFrom(hostname: string): string {
  const slug = (hostname.split('.')[0] ?? '')
    .toLowerCase()
    .replace(/[^a-z0-9-]+/g, '-')
    .replace(/^-+|-+$/g, '');
  return slug.slice(0, 63) || 'host';
}
