// `outlive hosts`: the fleet of machines, beside `outlive list` for the fleet of tasks.

import { haveSearchAttributes } from '../../search-attributes.ts';
import { EXIT, type ExitCode } from '../errors.ts';
import { listHosts } from '../host-list.ts';
import { renderHosts } from '../render-hosts.ts';
import type { Screen } from '../screen.ts';
import { within, withServer } from '../server.ts';

/** Hundreds of hosts, and as many runs, are listed within this. */
const LIST_MS = 60_000;

/** Every host that ever joined, or takes runs without having done so. */
export function hosts(screen: Screen): Promise<ExitCode> {
  return withServer(screen, async (server) => {
    const { usable } = await haveSearchAttributes(server.connection, server.namespace);
    const list = await within(server, LIST_MS, () => listHosts(server, usable, Date.now()));
    screen.give(list.hosts);
    screen.say(renderHosts(list, { ink: screen.ink, now: Date.now() }));
    return EXIT.ok;
  });
}
