// `outlive incidents`: what many tasks wait for the end of; and a person's own word on it, which beats what was counted.

import { setTimeout as sleep } from 'node:timers/promises';
import { WorkflowNotFoundError } from '@temporalio/client';
import type { Connected } from '../../connection.ts';
import { memoKey, readHostState, type Wish } from '../../domain/host.ts';
import { CLOSE_BY_HAND, healthId, OPEN_BY_HAND } from '../../domain/names.ts';
import { type Scope, sayScope } from '../../domain/scope.ts';
import { count } from '../../domain/story.ts';
import { isIll } from '../../health-desk.ts';
import { signalHealth } from '../../health-entity.ts';
import { haveSearchAttributes } from '../../search-attributes.ts';
import { CliError, EXIT, type ExitCode } from '../errors.ts';
import { type IncidentRow, listIncidents } from '../incident-list.ts';
import type { Ink } from '../ink.ts';
import { plain, sayTime } from '../layout.ts';
import type { Screen } from '../screen.ts';
import { CALL_MS, WORKER_MS, within, withServer } from '../server.ts';
import { type WishOptions, wishOf } from '../wish.ts';

const LIST_MS = 60_000;
const LOOK_MS = 100;

export function incidents(screen: Screen): Promise<ExitCode> {
  return withServer(screen, async (server) => {
    const { usable } = await haveSearchAttributes(server.connection, server.namespace);
    const rows = await within(server, LIST_MS, () => listIncidents(server, usable));
    screen.give(rows.map(({ lines: _, ...row }) => row));
    screen.say(rows.length === 0 ? 'No incident is open.' : rows.map((row) => render(row, screen.ink)).join('\n\n'));
    return EXIT.ok;
  });
}

function render({ scope, state, since, because, waiting, told, held, lines }: IncidentRow, ink: Ink): string {
  const waits = waiting === undefined ? '' : `, ${count(waiting, 'task')} waiting`;
  const about = [
    ...lines,
    ...(held ? [] : [`told: ${told ?? 'nobody yet'}`]),
    `to close it by hand: outlive incidents close ${scope} --why '…'`,
  ];
  return [
    `${ink.red(scope)}  ${state.replace('_', ' ')} since ${sayTime(since)}${waits}: ${plain(because)}`,
    ...about.map((line) => `  ${plain(line)}`),
  ].join('\n');
}

export function incidentByHand(word: 'open' | 'close', scope: Scope, options: WishOptions, screen: Screen): Promise<ExitCode> {
  const wish = wishOf(options, screen);
  if (options.why === undefined)
    throw new CliError('usage', `Say why, for whoever finds it so: outlive incidents ${word} ${sayScope(scope)} --why '…'`);
  return withServer(screen, async (server) => {
    await within(server, CALL_MS, () =>
      word === 'open' ? signalHealth(server.client, scope, OPEN_BY_HAND, wish) : close(server, scope, wish),
    );
    const taken = await isTaken(server, scope, word);
    screen.give({ scope: sayScope(scope), word, taken, ...wish });
    const does = word === 'open' ? 'no run that needs it starts, until you close it' : 'what waited for it goes on';
    screen.say(`${sayScope(scope)} ${taken ? 'is' : 'is to be'} ${word === 'open' ? 'held shut' : 'closed'}: ${does}.`);
    if (!taken)
      screen.note('No worker read this within 5 s, so it waits as a signal: it holds once a worker of the role control or all is up.');
    return EXIT.ok;
  });
}

async function close({ client }: Connected, scope: Scope, wish: Wish): Promise<void> {
  try {
    await client.workflow.getHandle(healthId(sayScope(scope))).signal(CLOSE_BY_HAND, wish);
  } catch (error) {
    if (!(error instanceof WorkflowNotFoundError)) throw error;
    throw new CliError('not_found', `Nothing is known of ${sayScope(scope)}: \`outlive incidents\` lists what is ill.`);
  }
}

async function isTaken(server: Connected, scope: Scope, word: 'open' | 'close'): Promise<boolean> {
  const entity = server.client.workflow.getHandle(healthId(sayScope(scope)));
  for (const until = Date.now() + WORKER_MS; ; await sleep(LOOK_MS)) {
    const { memo } = await within(server, CALL_MS, () => entity.describe());
    const { health } = readHostState(memo?.[memoKey(scope.kind)]);
    const isSo = word === 'open' ? health?.paused !== undefined : health !== undefined && !isIll(health);
    if (isSo || Date.now() > until) return isSo;
  }
}
