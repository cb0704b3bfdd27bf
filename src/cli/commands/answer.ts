// Answering a question: by update, which the task takes or refuses at once; where no worker is there to take it, by
// signal, which waits in the history until one is.

import { WorkflowUpdateFailedError, WorkflowUpdateRPCTimeoutOrCancelledError } from '@temporalio/client';
import type { Connected } from '../../connection.ts';
import type { AnswerRecord } from '../../domain/contract.ts';
import { ANSWER } from '../../domain/names.ts';
import type { Answer } from '../../domain/question.ts';
import { sendUpdate } from '../../send-update.ts';
import { CliError, EXIT, type ExitCode } from '../errors.ts';
import type { Screen } from '../screen.ts';
import { asNotFound, CALL_MS, openTask, taskHandle, WORKER_MS, within, withServer } from '../server.ts';

export interface AnswerOptions {
  readonly question?: string;
  readonly note?: string;
  readonly set?: NonNullable<Answer['set']>;
  readonly by?: string;
}

export function answer(id: string, choice: Answer['choice'], options: AnswerOptions, screen: Screen): Promise<ExitCode> {
  return withServer(screen, async (server) => {
    await openTask(server, id, 'answered');
    const given = await giveAnswer(server, id, choice, options, screen);
    screen.give({ id, ...given });
    if (given.by === 'update') {
      const { question } = given.answer;
      screen.say(`${id}: ${question} is answered ${screen.ink.bold(choice)}. See what follows: outlive show ${id}`);
    } else {
      screen.note(
        screen.warnInk.yellow(
          `No worker took the answer within 5 s, so it was left as a signal: the task reads it when a worker is up, and \`outlive show ${id}\` lists it as refused if it cannot be used.`,
        ),
      );
    }
    return EXIT.ok;
  });
}

export interface Given {
  readonly by: 'update' | 'signal';
  readonly answer: AnswerRecord | Answer;
}

/** Throws CliError `refused` with the task's own words, and `not_found`. */
export async function giveAnswer(
  server: Connected,
  id: string,
  choice: Answer['choice'],
  { question, note, set, by }: AnswerOptions,
  { env }: Pick<Screen, 'env'>,
): Promise<Given> {
  const who = by ?? env['USER'];
  const answer: Answer = { choice, ...(question && { question }), ...(note && { note }), ...(set && { set }), ...(who && { by: who }) };
  const handle = taskHandle(server, id);
  try {
    const record = await within(server, WORKER_MS, () => sendUpdate<AnswerRecord, Answer>(handle, ANSWER, answer));
    return { by: 'update', answer: record };
  } catch (error) {
    if (error instanceof WorkflowUpdateFailedError) throw new CliError('refused', `Refused: ${error.cause?.message ?? error.message}`);
    if (!(error instanceof WorkflowUpdateRPCTimeoutOrCancelledError)) return asNotFound(id, server)(error);
    await within(server, CALL_MS, () => handle.signal(ANSWER, answer));
    return { by: 'signal', answer };
  }
}
