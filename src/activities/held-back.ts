// The gate of a run: is what it needs well? If not, it goes back, with what is known of who may take it instead.

import type { ApplicationFailure } from '@temporalio/activity';
import { agentNamed } from '../agents/index.ts';
import type { Declined } from '../domain/contract.ts';
import type { CredentialUsed } from '../domain/credential.ts';
import { incidentOf } from '../domain/health-state.ts';
import type { Incident } from '../domain/incident.ts';
import type { RunInput } from '../domain/run.ts';
import { type Scope, sayScope } from '../domain/scope.ts';
import type { Task } from '../domain/task.ts';
import type { ScopeSeen } from '../health-desk.ts';
import { CredentialMissing, credentialsOf } from '../host/credentials.ts';
import { hostScope, neededBy } from './blame.ts';
import { crowdHoldMs } from './crowd.ts';
import { decline } from './decline.ts';
import type { HostDeps } from './deps.ts';
import { hostsOfPool } from './hosts-of-pool.ts';

/** Last before an agent is paid for. Undefined where it may start. */
export async function heldBack(deps: HostDeps, { task, n }: RunInput): Promise<ApplicationFailure | undefined> {
  const own = hostScope(deps.host);
  // A host that is ill takes no run at all; one that comes back takes one, on a slot of its entity.
  const isComingBack = deps.health
    .ill()
    .some(({ scope, health }) => sayScope(scope) === sayScope(own) && health.breaker.phase === 'half_open');
  const scopes = [...neededBy({ task, credentials: usedHere(deps, task), host: deps.host }), ...(isComingBack ? [own] : [])];
  const answer = await deps.health.admit(scopes, { task: task.id, run: n });
  if (answer.admitted) return undefined;
  const { scope, because, unasked } = answer;
  deps.meters.held(scope.kind);
  const message = `${deps.host} starts no run while ${sayScope(scope)} is ill: ${because}`;
  const holdMs = await crowdHoldMs(deps, sayScope(scope));
  const known = { incident: sayScope(scope), holdMs, ...(unasked ? { unasked } : {}) };
  return decline('incident', message, { ...known, ...(await whoElse(deps, task, scope)) });
}

const MOST_ASKED = 5;

/** A provider is ill for everybody; another host may have another value of a credential, or be well. */
async function whoElse({ client, health, host }: HostDeps, { pool }: Task, scope: Scope): Promise<Pick<Declined, 'elsewhere' | 'hosts'>> {
  if (scope.kind === 'provider') return {};
  const polling = (await hostsOfPool(client, pool))?.filter((one) => one !== host);
  // What was known at the newest look may be what this task was woken about.
  const ill = await health.look().catch(() => undefined);
  if (!polling || !ill) return { elsewhere: true };
  const incident = incidentIn(ill, scope);
  // The hosts of a credential's incident have the value that is not valid.
  const out = [...ill.flatMap((seen) => (seen.scope.kind === 'host' ? [seen.scope.name] : [])), ...(incident?.hosts ?? [])];
  const left = inAnyOrder(polling.filter((one) => !out.includes(one)));
  const isKnown = (one: string) => incident?.others?.includes(one) === true;
  return { elsewhere: true, hosts: [...left.filter(isKnown), ...left.filter((one) => !isKnown(one))].slice(0, MOST_ASKED) };
}

function incidentIn(ill: readonly ScopeSeen[], scope: Scope): Incident | undefined {
  const seen = ill.find((one) => sayScope(one.scope) === sayScope(scope));
  return seen && incidentOf(seen.health.breaker);
}

/** So that not all of them come to the same one. */
const inAnyOrder = <T>(list: readonly T[]): T[] =>
  list
    .map((one) => ({ one, at: Math.random() }))
    .toSorted((a, b) => a.at - b.at)
    .map(({ one }) => one);

/** A value that is not here is told of by the run itself. */
function usedHere({ credentials, agents }: HostDeps, task: Task): readonly CredentialUsed[] {
  try {
    return credentialsOf(credentials, task, agentNamed(agents, task.agent.use)?.credentials ?? []).map(({ used }) => used);
  } catch (error) {
    if (error instanceof CredentialMissing) return [];
    throw error;
  }
}
