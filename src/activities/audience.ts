// Who is told of an incident, and whether anybody is to be: one page for one cause, whatever its scopes are called.

import type { Audience, AudienceInput } from '../domain/contract.ts';
import { incidentOf } from '../domain/health-state.ts';
import { pagedAs, readScope, type Scope, sayScope } from '../domain/scope.ts';
import type { ScopeSeen } from '../health-desk.ts';
import type { Deps } from './deps.ts';
import { isTakenOut } from './taken-out.ts';

const NOBODY_IN_PARTICULAR = 'operators';

export async function audience(deps: Deps, { scope: text, sinceMs }: AudienceInput): Promise<Audience> {
  const scope = readScope(text);
  if (!scope) throw new Error(`no scope: ${text}`);
  const ill = await deps.health.look();
  deps.meters.incidentOpened(scope.kind);
  deps.log.warn({ scope: text }, 'an incident is open');
  const quiet = toldAlready(scope, sinceMs, ill) ?? (await isNotTheHost(deps, scope, ill));
  return {
    channels: deps.channels.length,
    owner: deps.config.owners.fallback ?? NOBODY_IN_PARTICULAR,
    ...(quiet === undefined ? {} : { quiet }),
  };
}

/** Two values of one credential that are both refused are one thing to put right. */
function toldAlready(scope: Scope, sinceMs: number, ill: readonly ScopeSeen[]): string | undefined {
  const earlier = ill.find((one) => {
    const since = incidentOf(one.health.breaker)?.sinceMs;
    const isOther = sayScope(one.scope) !== sayScope(scope) && pagedAs(one.scope) === pagedAs(scope);
    return isOther && since !== undefined && (since < sinceMs || (since === sinceMs && sayScope(one.scope) < sayScope(scope)));
  });
  return earlier && `nobody anew: somebody was told of ${pagedAs(scope)} when ${sayScope(earlier.scope)} was ill`;
}

/** Where more than half of the hosts would have to go, it is not the hosts: this one stays in. */
async function isNotTheHost({ client }: Deps, { kind, name }: Scope, ill: readonly ScopeSeen[]): Promise<string | undefined> {
  if (kind !== 'host') return undefined;
  const { out, hosts } = await isTakenOut(client, name, ill);
  return out ? undefined : `nobody: at most half of the ${hosts} hosts are taken out, so this one stays in`;
}
