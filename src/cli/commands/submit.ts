// Starting a task from a file, and following it if asked to.

import { sayDuration } from '../../domain/duration.ts';
import { parseTaskSpec } from '../../schema/task-spec.ts';
import { type StartedTask, startTask } from '../../start-task.ts';
import { CliError, EXIT, type ExitCode } from '../errors.ts';
import { followTask } from '../follow-task.ts';
import { readSpec, registered } from '../read-spec.ts';
import { renderQuestion, renderResult } from '../render.ts';
import type { Screen } from '../screen.ts';
import { CALL_MS, taskHandle, within, withServer } from '../server.ts';

export interface SubmitOptions {
  readonly wait?: boolean;
  /** Milliseconds. */
  readonly timeout?: number;
}

export async function submit(file: string, options: SubmitOptions, screen: Screen): Promise<ExitCode> {
  if (options.timeout !== undefined && !options.wait) throw new CliError('usage', '--timeout says how long --wait waits: give both.');
  const others = await registered(screen);
  const { spec } = await readSpec(file, screen, (text, source) => parseTaskSpec(text, source, others));
  return withServer(screen, async (server) => {
    const started = await within(server, CALL_MS, () => startTask(server.client, spec, others));
    sayStarted(started, screen);
    if (!options.wait) {
      screen.give(facts(started));
      screen.say(`See how it goes: outlive show ${started.id}`);
      return EXIT.ok;
    }
    screen.note(
      screen.warnInk.dim(`Waiting until it ends or asks; Ctrl-C ends only the waiting. What it does: outlive logs ${started.id} -f`),
    );
    const followed = await followTask(server, taskHandle(server, started.id), {
      ...(options.timeout !== undefined && { timeoutMs: options.timeout }),
      onSilent: (why) => screen.note(screen.warnInk.yellow(`Still waiting: ${why}.`)),
    });
    const look = { ink: screen.ink, now: Date.now() };
    switch (followed.kind) {
      case 'ended': {
        const { state, because, result } = followed.end;
        screen.give({ ...facts(started), state, because, ...(result && { result }) });
        screen.say(result ? renderResult(result, look) : `  ${state}: ${because}`);
        return state === 'done' ? EXIT.ok : EXIT.notSo;
      }
      case 'asking':
        screen.give({ ...facts(started), state: 'asking', question: followed.question });
        screen.say(renderQuestion(started.id, followed.question, look));
        return EXIT.question;
      default:
        throw new CliError(
          'wait_timeout',
          `${started.id} has not ended within ${sayDuration(options.timeout ?? 0)}. It goes on: outlive show ${started.id}`,
        );
    }
  });
}

const facts = ({ id, workflowId, started }: StartedTask) => ({ id, workflowId, started });

function sayStarted({ id, workflowId, started }: StartedTask, { say, ink }: Screen): void {
  say(
    started
      ? `${ink.bold(id)} is started (workflow ${workflowId}).`
      : `${ink.bold(id)} was started before, with this very spec: nothing is started.`,
  );
}
