// Alike questions at once: every task that asks because its newest run ended in one way gets the same answer, and only to
// the question that was open when it was listed.

import type { Connected } from '../../connection.ts';
import type { TaskStatus } from '../../domain/contract.ts';
import { failureType, type Reason } from '../../domain/failure.ts';
import { STATUS_QUERY } from '../../domain/names.ts';
import type { Answer } from '../../domain/question.ts';
import { haveSearchAttributes } from '../../search-attributes.ts';
import { CliError, EXIT, type ExitCode } from '../errors.ts';
import { inParallel } from '../in-parallel.ts';
import { plain } from '../layout.ts';
import type { Screen } from '../screen.ts';
import { taskHandle, WORKER_MS, within, withServer } from '../server.ts';
import { listTasks } from '../task-list.ts';
import { type AnswerOptions, giveAnswer } from './answer.ts';

export interface AlikeOptions extends Omit<AnswerOptions, 'question'> {
  readonly reason: Reason;
  readonly owner?: string;
  readonly dryRun?: boolean;
}

/** A fleet of ten thousand is listed within this. */
const LIST_MS = 120_000;

interface Asking {
  readonly id: string;
  readonly question: NonNullable<TaskStatus['question']>;
}

/** One line a task. Exit 1 where none asks for that reason, or one of them did not take the answer. */
export function answerAlike(choice: Answer['choice'], options: AlikeOptions, screen: Screen): Promise<ExitCode> {
  return withServer(screen, async (server) => {
    const asking = await within(server, LIST_MS, () => askingFor(server, options));
    if (asking.length === 0) throw new CliError('not_found', `No task asks because a run ended as ${failureType(options.reason)}.`);
    const ends = await inParallel(
      asking,
      (one) => (options.dryRun ? shown(one, screen) : answered(server, one, choice, options, screen)),
      () => true,
    );
    return ends.every(Boolean) ? EXIT.ok : EXIT.notSo;
  });
}

async function askingFor(server: Connected, { reason, owner }: AlikeOptions): Promise<readonly Asking[]> {
  const attributes = await haveSearchAttributes(server.connection, server.namespace);
  const rows = await listTasks(server, { state: 'asking', ...(owner === undefined ? {} : { owner }) }, attributes.usable);
  const alike = rows.filter((row) => row.reason === failureType(reason));
  // The attributes may lag: the task itself says what it asks, and why.
  const asked = await inParallel(
    alike,
    async ({ id }): Promise<Asking | undefined> => {
      const { question, runs } = await taskHandle(server, id).query<TaskStatus>(STATUS_QUERY);
      return question && runs.at(-1)?.failure?.reason === reason ? { id, question } : undefined;
    },
    (one) => one !== undefined,
  );
  return asked.flatMap((one) => (one ? [one] : []));
}

async function shown({ id, question }: Asking, screen: Screen): Promise<boolean> {
  screen.give({ id, question: question.id, text: question.text, choices: question.choices });
  screen.say(`${id}  ${question.id}: ${plain(question.text)}`);
  return true;
}

async function answered(
  server: Connected,
  { id, question }: Asking,
  choice: Answer['choice'],
  options: AlikeOptions,
  screen: Screen,
): Promise<boolean> {
  try {
    const { answer } = await within(server, WORKER_MS, () => giveAnswer(server, id, choice, { ...options, question: question.id }, screen));
    screen.give({ id, answer });
    screen.say(`${id}  ${screen.ink.green('answered')} ${choice}`);
    return true;
  } catch (error) {
    if (!(error instanceof CliError)) throw error;
    screen.give({ id, error: { code: error.code, message: error.message } });
    screen.say(`${id}  ${screen.ink.red('not answered')}: ${plain(error.message)}`);
    return false;
  }
}
