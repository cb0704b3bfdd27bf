// Starting a task from a file, and following it if asked to.

import { readFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import { sayDuration } from '../../domain/duration.ts';
import { sayComplaint } from '../../schema/complaints.ts';
import { type CheckedSpec, parseTaskSpec } from '../../schema/task-spec.ts';
import { type StartedTask, startTask } from '../../start-task.ts';
import { CliError, EXIT, type ExitCode } from '../errors.ts';
import { followTask } from '../follow-task.ts';
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
  const { spec } = await readSpec(file, screen);
  return withServer(screen, async (server) => {
    const started = await within(server, CALL_MS, () => startTask(server.client, spec));
    sayStarted(started, screen);
    if (!options.wait) {
      screen.give(facts(started));
      return EXIT.ok;
    }
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
      : `${ink.bold(id)} was started before, with this very spec: nothing to do.`,
  );
}

async function readSpec(file: string, screen: Screen): Promise<Extract<CheckedSpec, { ok: true }>> {
  const source = file === '-' ? 'stdin' : file;
  const checked = parseTaskSpec(await readSource(file, screen), source);
  if (checked.ok) return checked;
  const lines = checked.complaints.map((complaint) => sayComplaint(complaint));
  throw new CliError('bad_spec', lines.join('\n'), checked.complaints[0]?.at || undefined);
}

async function readSource(file: string, { stdin }: Screen): Promise<string> {
  if (file === '-') return text(stdin);
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw new CliError(
      'bad_input',
      `The file ${file} cannot be read: ${(error as Error).message}. Name a file with a task, or - for stdin.`,
    );
  }
}
