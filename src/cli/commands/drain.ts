// Taking a host out, and taking it back. The wish goes to the host's entity as a signal, which is kept where no worker
// is up to read it; the memo says when it has been read, and the host looks at that every few seconds.

import { setTimeout as sleep } from 'node:timers/promises';
import { WorkflowNotFoundError } from '@temporalio/client';
import type { Connected } from '../../connection.ts';
import { type HostState, readHostState, type Wish } from '../../domain/host.ts';
import { DRAIN, hostHealthId, UNDRAIN } from '../../domain/names.ts';
import { count } from '../../domain/story.ts';
import { haveSearchAttributes } from '../../search-attributes.ts';
import { CliError, EXIT, type ExitCode } from '../errors.ts';
import { knownHosts } from '../host-list.ts';
import { columns, plain, sayTime } from '../layout.ts';
import { type LivingRun, livingRuns } from '../living-runs.ts';
import type { Screen } from '../screen.ts';
import { CALL_MS, WORKER_MS, within, withServer } from '../server.ts';
import { type WishOptions, wishOf } from '../wish.ts';

export interface DrainOptions extends WishOptions {
  readonly undo?: boolean;
}

const LOOK_MS = 100;
const LIST_MS = 60_000;

/** `taken` is false where no worker has read the wish yet; `changed` where it was so before. */
interface Drain {
  readonly changed: boolean;
  readonly taken: boolean;
  readonly state: HostState;
}

export function drain(host: string, { undo = false, ...options }: DrainOptions, screen: Screen): Promise<ExitCode> {
  const wish = wishOf(options, screen);
  return withServer(screen, async (server) => {
    const done = await wishFor(server, host, undo, wish);
    const living = undo ? [] : await livingOn(server, host);
    const { changed, taken, state } = done;
    const running = living.map(({ task, run, phase }) => ({ task, run, phase }));
    screen.give({ id: host, changed, taken, ...(state.drained && { drained: state.drained }), ...(!undo && { running }) });
    screen.say(undo ? sayUndrained(host, done) : sayDrained(host, done, living));
    if (!taken)
      screen.note(
        screen.warnInk.yellow(
          'No worker read this within 5 s, so it waits as a signal: it holds once a worker of the role control or all is up (`outlive doctor` says whether one is).',
        ),
      );
    return EXIT.ok;
  });
}

async function wishFor(server: Connected, host: string, undo: boolean, wish: Wish): Promise<Drain> {
  const isSo = ({ drained }: HostState) => (drained === undefined) === undo;
  const before = await stateOf(server, host);
  if (isSo(before)) return { changed: false, taken: true, state: before };
  await within(server, CALL_MS, () => entityOf(server, host).signal(undo ? UNDRAIN : DRAIN, wish)).catch(asUnknown(server, host));
  for (const until = Date.now() + WORKER_MS; ; await sleep(LOOK_MS)) {
    const state = await stateOf(server, host);
    if (isSo(state) || Date.now() > until) return { changed: true, taken: isSo(state), state };
  }
}

const entityOf = ({ client }: Connected, host: string) => client.workflow.getHandle(hostHealthId(host));

async function stateOf(server: Connected, host: string): Promise<HostState> {
  const { closeTime, memo } = await within(server, CALL_MS, () => entityOf(server, host).describe()).catch(asUnknown(server, host));
  return closeTime === undefined ? readHostState(memo?.['host']) : unknownHost(server, host);
}

function asUnknown(server: Connected, host: string): (error: unknown) => Promise<never> {
  return (error) => {
    if (error instanceof WorkflowNotFoundError) return unknownHost(server, host);
    throw error;
  };
}

async function unknownHost(server: Connected, host: string): Promise<never> {
  const known = (await within(server, CALL_MS, () => knownHosts(server))).map(({ id }) => id);
  const others = known.length > 0 ? `Known are: ${known.join(', ')}.` : 'None is: a host is known once a worker has started there.';
  throw new CliError('not_found', `There is no host "${host}" at ${server.address}, namespace ${server.namespace}. ${others}`);
}

async function livingOn(server: Connected, host: string): Promise<readonly LivingRun[]> {
  const { usable } = await haveSearchAttributes(server.connection, server.namespace);
  const living = await within(server, LIST_MS, () => livingRuns(server, usable));
  return living.filter((run) => run.host === host);
}

function sayDrained(host: string, { changed, taken, state: { drained } }: Drain, living: readonly LivingRun[]): string {
  const known = drained ? ` by ${plain(drained.by)} since ${sayTime(drained.since)}: ${plain(drained.why)}` : '';
  return [
    changed ? `${host} is ${taken ? 'drained: it takes no new run within 10 s' : 'to be drained'}.` : `${host} was drained before${known}.`,
    living.length === 0
      ? 'No run lives there.'
      : `${count(living.length, 'run')} there ${living.length === 1 ? 'goes' : 'go'} on:\n${columns(living.map(sayRun), '  ')}`,
    `To take it back: outlive drain ${host} --undo`,
  ].join('\n');
}

const sayRun = ({ task, run, phase }: LivingRun): readonly string[] => [task, `run ${run}`, plain(phase)];

function sayUndrained(host: string, { changed, taken }: Drain): string {
  if (!changed) return `${host} was not drained: it takes runs.`;
  return taken ? `${host} takes runs again within 10 s.` : `${host} is to take runs again.`;
}
