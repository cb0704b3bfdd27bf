// The scopes that are not as they should be, as rows: from the memo of their entities, so that they are listed while every
// worker is down; and how many tasks wait for their end, where the server can count them.

import type { Connected } from '../connection.ts';
import { CAUSES, type Cause } from '../domain/blame.ts';
import { incidentLines } from '../domain/health-details.ts';
import { incidentOf, type Pause, sayNext } from '../domain/health-state.ts';
import { waitingFor } from '../domain/names.ts';
import { sayScope } from '../domain/scope.ts';
import { isIll, listHealth, type ScopeSeen } from '../health-desk.ts';
import { inParallel } from './in-parallel.ts';

/** One entry of `outlive incidents --json`; `since` is an ISO time. */
export interface IncidentRow {
  readonly scope: string;
  /** `held`: a person holds it shut, whatever it counts itself. */
  readonly state: 'open' | 'half_open' | 'held';
  readonly since: string;
  readonly cause: Cause;
  readonly because: string;
  /** Distinct tasks that ran into it. */
  readonly tasks: number;
  readonly hosts: readonly string[];
  /** Of a credential that is not valid: hosts that have another value of it. */
  readonly others: readonly string[];
  readonly evidence: readonly string[];
  /** How often a recovery was tried in vain. */
  readonly tries: number;
  /** Tasks that wait for its end; left out where the server cannot count them. */
  readonly waiting?: number;
  readonly next: string;
  readonly told?: string;
  readonly held?: Pause;
  /** What is known of it, a line each. */
  readonly lines: readonly string[];
}

/** `attributes`: whether search attributes can be used. The oldest first. */
export async function listIncidents({ client }: Pick<Connected, 'client'>, attributes: boolean): Promise<readonly IncidentRow[]> {
  const ill = (await listHealth(client)).filter(({ health }) => isIll(health));
  const waiting = async (scope: string) => (await client.workflow.count(waitingFor(scope))).count;
  const rows = await inParallel(
    ill,
    async (seen) => incidentRow(seen, attributes ? await waiting(sayScope(seen.scope)) : undefined),
    () => true,
  );
  return rows.toSorted((a, b) => (a.since < b.since ? -1 : 1));
}

function incidentRow({ scope, health }: ScopeSeen, waiting: number | undefined): IncidentRow {
  const { paused: held, told, breaker } = health;
  const incident = incidentOf(breaker);
  const cause = incident?.cause ?? 'by_hand';
  return {
    scope: sayScope(scope),
    state: held ? 'held' : breaker.phase === 'half_open' ? 'half_open' : 'open',
    since: incident ? new Date(incident.sinceMs).toISOString() : (held?.since ?? ''),
    cause,
    because: held ? `${held.by}: ${held.why}` : CAUSES[cause].when,
    tasks: incident?.count ?? 0,
    hosts: incident?.hosts ?? [],
    others: incident?.others ?? [],
    evidence: incident?.evidence ?? [],
    tries: incident?.tries ?? 0,
    ...(waiting === undefined ? {} : { waiting }),
    next: sayNext(health),
    ...(told === undefined ? {} : { told }),
    ...(held ? { held } : {}),
    lines: incident ? incidentLines(health) : [`next: ${sayNext(health)}`],
  };
}
