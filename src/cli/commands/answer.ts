// Answering a question: by update, which the task takes or refuses at once; where no worker is there to take it, by
// signal, which waits in the history until one is.

import { WorkflowUpdateFailedError, WorkflowUpdateRPCTimeoutOrCancelledError } from '@temporalio/client';
import type { AnswerRecord } from '../../domain/contract.ts';
import { ANSWER } from '../../domain/names.ts';
import type { Answer } from '../../domain/question.ts';
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
  const { question, note, set, by = screen.env['USER'] } = options;
  const given: Answer = { choice, ...(question && { question }), ...(note && { note }), ...(set && { set }), ...(by && { by }) };
  return withServer(screen, async (server) => {
    await openTask(server, id, 'answered');
    const handle = taskHandle(server, id);
    try {
      const record = await within(server, WORKER_MS, () => handle.executeUpdate<AnswerRecord, [Answer]>(ANSWER, { args: [given] }));
      screen.give({ id, by: 'update', answer: record });
      screen.say(`${id}: ${record.question} is answered ${screen.ink.bold(record.choice)}. See what follows: outlive show ${id}`);
    } catch (error) {
      if (error instanceof WorkflowUpdateFailedError) throw new CliError('refused', `Refused: ${error.cause?.message ?? error.message}`);
      if (!(error instanceof WorkflowUpdateRPCTimeoutOrCancelledError)) return asNotFound(id, server)(error);
      await within(server, CALL_MS, () => handle.signal(ANSWER, given));
      screen.give({ id, by: 'signal', answer: given });
      screen.note(
        screen.warnInk.yellow(
          `No worker took the answer within 5 s, so it was left as a signal: the task reads it when a worker is up, and \`outlive show ${id}\` lists it as refused if it cannot be used.`,
        ),
      );
    }
    return EXIT.ok;
  });
}
