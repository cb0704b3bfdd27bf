// Stopping a task for good: by update, so that the reason and the person are on record; where no worker is there to
// take it, by Temporal's own cancel.

import { WorkflowUpdateFailedError, WorkflowUpdateRPCTimeoutOrCancelledError } from '@temporalio/client';
import { STOP_UPDATE } from '../../domain/names.ts';
import type { Stop } from '../../domain/question.ts';
import { sendUpdate } from '../../send-update.ts';
import { CliError, EXIT, type ExitCode } from '../errors.ts';
import type { Screen } from '../screen.ts';
import { asNotFound, CALL_MS, openTask, taskHandle, WORKER_MS, within, withServer } from '../server.ts';

export interface StopOptions {
  readonly why?: string;
  readonly by?: string;
}

export function stop(id: string, options: StopOptions, screen: Screen): Promise<ExitCode> {
  const by = options.by ?? screen.env['USER'];
  const sent: Stop = { why: options.why ?? 'no reason given', ...(by && { by }) };
  return withServer(screen, async (server) => {
    await openTask(server, id, 'stopped');
    const handle = taskHandle(server, id);
    try {
      await within(server, WORKER_MS, () => sendUpdate<unknown, Stop>(handle, STOP_UPDATE, sent));
      screen.give({ id, by: 'update', stop: sent });
      screen.say(`${id} is being stopped: its agent is ended, what it left is kept. See the end: outlive show ${id}`);
    } catch (error) {
      if (error instanceof WorkflowUpdateFailedError) throw new CliError('refused', `Refused: ${error.cause?.message ?? error.message}`);
      if (!(error instanceof WorkflowUpdateRPCTimeoutOrCancelledError)) return asNotFound(id, server)(error);
      await within(server, CALL_MS, () => handle.cancel());
      screen.give({ id, by: 'cancel', stop: sent });
      screen.note(
        screen.warnInk.yellow(
          'No worker took the stop within 5 s, so the task was cancelled by Temporal instead: it ends when a worker is up, and its reason may be missing from the record.',
        ),
      );
    }
    return EXIT.ok;
  });
}
