// A closed task once more: a new task under the next name, that goes on from what the runs of the old one left.

import { WorkflowNotFoundError } from '@temporalio/client';
import type { Connected } from '../../connection.ts';
import { againId, TASK_ID, timesOf } from '../../domain/names.ts';
import type { TaskSpec } from '../../domain/task.ts';
import { checkTaskSpec, parseSpecAgain } from '../../schema/task-spec.ts';
import { startInput, startTask } from '../../start-task.ts';
import { CliError, EXIT, type ExitCode } from '../errors.ts';
import { goodOrThrow, readSpec, registered } from '../read-spec.ts';
import type { Screen } from '../screen.ts';
import { asNotFound, CALL_MS, taskHandle, within, withServer } from '../server.ts';

export interface AgainOptions {
  /** A file with another spec, - for stdin. */
  readonly spec?: string;
}

export async function again(id: string, { spec: file }: AgainOptions, screen: Screen): Promise<ExitCode> {
  const first = { id: nextName(id, 1), continues: id };
  const others = await registered(screen);
  const given =
    file === undefined ? undefined : (await readSpec(file, screen, (text, source) => parseSpecAgain(text, source, first, others))).spec;
  return withServer(screen, async (server) => {
    const input = await within(server, CALL_MS, () => inputOfClosed(server, id));
    const spec =
      given ??
      goodOrThrow(checkTaskSpec(input, others), `${id} was started with a spec that is not valid; give another with --spec:\n`).spec;
    if (given) refuseOtherRepository(id, given, input);
    const next = await within(server, CALL_MS, () => nextId(server, id));
    const started = await within(server, CALL_MS, () => startTask(server.client, { ...spec, id: next, continues: id }, others));
    screen.give({ id: next, workflowId: started.workflowId, started: started.started, continues: id });
    const { bold } = screen.ink;
    screen.say(
      started.started
        ? `${bold(next)} is started (workflow ${started.workflowId}): it goes on from what the runs of ${id} left.`
        : `${bold(next)} goes on from ${id} already, and is still open: outlive show ${next}`,
    );
    return EXIT.ok;
  });
}

/** What the task was started with. Throws CliError `not_found` and `still_open`. */
async function inputOfClosed(server: Connected, id: string): Promise<unknown> {
  const { workflowId, runId, closeTime } = await taskHandle(server, id).describe().catch(asNotFound(id, server));
  if (closeTime === undefined)
    throw new CliError('still_open', `${id} is still open, so it goes on by itself. See what it waits for: outlive show ${id}`);
  return startInput(server.client, workflowId, runId);
}

/** Where only a host keeps the work, it lies in that host's clone of the repository as it was called. */
function refuseOtherRepository(id: string, { workspace }: TaskSpec, input: unknown): void {
  const earlier = checkTaskSpec(input);
  if (!earlier.ok || earlier.task.bank !== 'host' || !earlier.task.workspace) return;
  const { repo } = earlier.task.workspace;
  if (workspace?.repo === repo) return;
  throw new CliError(
    'bad_spec',
    `workspace.repo: what ${id} left is kept on its host only, as work in ${repo}; expected that address`,
    'workspace.repo',
  );
}

function nextName(id: string, further: number): string {
  const { name, times } = timesOf(id);
  const next = againId(name, times + further);
  if (TASK_ID.test(next)) return next;
  throw new CliError('bad_input', `${next} is too long for an id. Submit it under another one, with \`continues: ${id}\` in its spec.`);
}

/** The next free one, or one that is open and goes on from the same task: asked twice, it is started once. */
async function nextId(server: Connected, id: string): Promise<string> {
  for (let further = 1; ; further += 1) {
    const next = nextName(id, further);
    const there = await describeIfThere(server, next);
    if (!there) return next;
    if (there.closeTime === undefined && (await continuedBy(server, there)) === id) return next;
  }
}

type Described = Awaited<ReturnType<ReturnType<typeof taskHandle>['describe']>>;

async function describeIfThere(server: Connected, id: string): Promise<Described | undefined> {
  return taskHandle(server, id)
    .describe()
    .catch((error) => {
      if (error instanceof WorkflowNotFoundError) return undefined;
      throw error;
    });
}

async function continuedBy({ client }: Connected, { workflowId, runId }: Described): Promise<unknown> {
  const input = await startInput(client, workflowId, runId);
  return typeof input === 'object' && input !== null && 'continues' in input ? input.continues : undefined;
}
