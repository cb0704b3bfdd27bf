import { haveSearchAttributes } from '../../search-attributes.ts';
import { EXIT, type ExitCode } from '../errors.ts';
import { renderList } from '../render-list.ts';
import type { Screen } from '../screen.ts';
import { within, withServer } from '../server.ts';
import { type Filter, listTasks } from '../task-list.ts';

/** A fleet of ten thousand is listed within this. */
const LIST_MS = 120_000;

/** The fleet, the newest task first. Without search attributes each open task is asked itself, and it says so. */
export function list(filter: Filter, screen: Screen): Promise<ExitCode> {
  return withServer(screen, async (server) => {
    const attributes = await haveSearchAttributes(server.connection, server.namespace);
    if (!attributes.usable) screen.note(screen.warnInk.yellow(`${attributes.why}.`));
    const rows = await within(server, LIST_MS, () => listTasks(server, filter, attributes.usable));
    screen.give(rows);
    screen.say(renderList(rows, { ink: screen.ink, now: Date.now() }));
    return EXIT.ok;
  });
}
