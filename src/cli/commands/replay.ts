// Today's classifier and policy over the ends that are on record: which decisions would be others? Asked before a new
// policy is deployed.

import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { rulesFor } from '../../agents/index.ts';
import type { Connected } from '../../connection.ts';
import { sayDuration } from '../../domain/duration.ts';
import { TASK_WORKFLOW } from '../../domain/names.ts';
import { type RecordedDecision, type Replayed, replayDecision } from '../../domain/replayed.ts';
import { sayError } from '../../domain/say-error.ts';
import { count as counted } from '../../domain/story.ts';
import { tracesOf } from '../activity-traces.ts';
import { CliError, EXIT, type ExitCode } from '../errors.ts';
import { plain } from '../layout.ts';
import { registered } from '../read-spec.ts';
import { recordedDecisions } from '../recorded-decisions.ts';
import type { Screen } from '../screen.ts';
import { withServer } from '../server.ts';

export interface ReplayOptions {
  /** Milliseconds. */
  readonly since?: number;
  /** JSON lines that `save` has written, in place of the server. */
  readonly file?: string;
  /** Where what was read is written to. */
  readonly save?: string;
}

const DAY_MS = 86_400_000;
const DEFAULT_SINCE_MS = 7 * DAY_MS;

export async function replay({ since = DEFAULT_SINCE_MS, file, save }: ReplayOptions, screen: Screen): Promise<ExitCode> {
  if (file !== undefined && save !== undefined)
    throw new CliError('usage', '--save writes what was read from the server: give it without --file.');
  const { agents } = await registered(screen);
  const count = { all: 0, changed: 0, without: 0 };
  const kept: string[] = [];
  const out = save === undefined ? undefined : await openToSave(save);
  const hear = (recorded: RecordedDecision) => {
    if (out) kept.push(`${JSON.stringify(recorded)}\n`);
    count.all += 1;
    if (!recorded.ending) count.without += 1;
    const replayed = replayDecision(recorded, rulesFor(recorded.facts.task.agent.use, agents));
    if (!replayed.changed) return;
    count.changed += 1;
    screen.give(replayed);
    screen.say(sayChange(replayed, screen));
  };
  try {
    if (file === undefined) await withServer(screen, (server) => fromServer(server, since, hear));
    else await fromFile(file, hear);
    await out?.writeFile(kept.join(''));
  } finally {
    await out?.close();
  }
  screen.give({ decisions: count.all, changed: count.changed, withoutEnding: count.without });
  screen.say(sayCount(count, file ?? `the last ${sayDuration(since)}`));
  return count.changed === 0 ? EXIT.ok : EXIT.notSo;
}

/** Before anything is read for it. Throws CliError `bad_input`. */
const openToSave = (save: string) =>
  open(save, 'w').catch((error: Error) => {
    throw new CliError('bad_input', `The file ${save} cannot be written: ${error.message}. Name one in a folder that is there.`);
  });

/** Closed tasks of that time and open ones, history by history: none of them is kept. */
async function fromServer({ client }: Connected, sinceMs: number, hear: (recorded: RecordedDecision) => void): Promise<void> {
  const since = new Date(Date.now() - sinceMs).toISOString();
  const query = `WorkflowType = '${TASK_WORKFLOW}' AND (ExecutionStatus = 'Running' OR CloseTime >= '${since}')`;
  for await (const { workflowId, runId } of client.workflow.list({ query })) {
    const { events } = await client.workflow.getHandle(workflowId, runId).fetchHistory();
    const traces = await tracesOf(events ?? [], client.options.loadedDataConverter);
    for (const recorded of await recordedDecisions(workflowId, traces)) hear(recorded);
  }
}

async function fromFile(file: string, hear: (recorded: RecordedDecision) => void): Promise<void> {
  const input = createReadStream(file);
  const unreadable = (why: string) => new CliError('bad_input', `${file} ${why}; expected what \`outlive replay --save FILE\` writes.`);
  const opened = new Promise((resolve, reject) => input.once('open', resolve).once('error', reject));
  await opened.catch((error: Error) => {
    throw unreadable(`cannot be read: ${error.message}`);
  });
  let line = 0;
  for await (const text of createInterface({ input })) {
    line += 1;
    if (text.trim() === '') continue;
    const recorded = recordedIn(text);
    if (!recorded) throw unreadable(`holds no recorded decision in line ${line}`);
    try {
      hear(recorded);
    } catch (error) {
      throw unreadable(`holds something else than a recorded decision in line ${line} (${sayError(error)})`);
    }
  }
}

function recordedIn(text: string): RecordedDecision | undefined {
  try {
    const value = JSON.parse(text) as Partial<RecordedDecision> | null;
    return value?.facts?.task && value.facts.failure && value.was ? (value as RecordedDecision) : undefined;
  } catch {
    return undefined;
  }
}

function sayChange({ id, n, was, now }: Replayed, { ink }: Screen): string {
  const reason = was.reason === now.reason ? was.reason : `${was.reason} → ${ink.bold(now.reason)}`;
  const kind = was.kind === now.kind ? was.kind : `${was.kind} → ${ink.bold(now.kind)}`;
  return `${plain(id)} run ${n}: ${reason}, ${kind}\n  ${ink.dim(`now: ${plain(now.because)}`)}`;
}

function sayCount({ all, changed, without }: { all: number; changed: number; without: number }, where: string): string {
  const unread = without === 0 ? '' : ` ${without} recorded without the ending itself; only the policy was tried there.`;
  if (all === 0) return `No decision is on record in ${where}.`;
  return `${counted(all, 'decision')} in ${where}: ${changed === 0 ? 'all would be the same' : `${changed} would be others`}.${unread}`;
}
