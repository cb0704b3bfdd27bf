// The current details of an entity in Temporal's Web UI, as Markdown: is it well, what is held up and why, what is next.

import { CAUSES } from './blame.ts';
import { prose } from './details.ts';
import { type Health, incidentOf, sayNext, sayTime } from './health-state.ts';
import type { HostState } from './host.ts';
import { type Scope, sayScope } from './scope.ts';
import { count, someOf } from './story.ts';

export function healthDetails(scope: Scope, state: HostState): string {
  const { refused, health } = state;
  const parts = [
    ...(scope.kind === 'host' ? hostParts(scope.name, state) : [`### ${scope.kind} ${scope.name}`]),
    ...(health ? healthParts(scope, health) : []),
    refused && `Signals that could not be read: ${refused.count}, the last one: ${prose(refused.last)}`,
  ];
  return parts.filter((part) => part !== undefined).join('\n\n');
}

function hostParts(host: string, { card, drained }: HostState): readonly string[] {
  return [
    `### Host ${host}`,
    drained
      ? `**Drained** by ${prose(drained.by)} since ${drained.since}: ${prose(drained.why)}\n\nIt takes no new run; runs that live there go on. To take it back: \`outlive drain ${host} --undo\``
      : `**Takes runs.** To take it out: \`outlive drain ${host} --why "…"\``,
    card
      ? `- pools: ${card.pools.join(', ') || 'none'}\n- runs at once: ${card.capacity}\n- its worker: version ${prose(card.version)}, since ${card.startedAt}`
      : 'No worker of it has joined yet.',
  ];
}

function healthParts(scope: Scope, health: Health): readonly string[] {
  const { breaker, paused, told } = health;
  const name = sayScope(scope);
  const byHand = paused
    ? [
        `**Held shut** by ${prose(paused.by)} since ${paused.since}: ${prose(paused.why)}. To let it go on: \`outlive incidents close ${name} --why "…"\``,
      ]
    : [];
  const incident = incidentOf(breaker);
  if (breaker.phase === 'closed') {
    const strikes = breaker.strikes.length;
    if (strikes > 0) return [...byHand, `${count(strikes, 'failure')} of late that may be its own.`];
    return paused ? byHand : ['Nothing speaks against it.'];
  }
  return [
    ...byHand,
    `**Incident since ${sayTime(incident?.sinceMs ?? 0)}**: ${CAUSES[breaker.incident.cause].when}. ${CAUSES[breaker.incident.cause].advice}`,
    incidentLines(health)
      .map((line) => `- ${prose(line)}`)
      .join('\n'),
    `- who was told: ${prose(told ?? 'nobody yet')}`,
    `To close it by hand: \`outlive incidents close ${name} --why "…"\``,
  ];
}

/** What is known of the open incident, a line each. */
export function incidentLines(health: Health): readonly string[] {
  const incident = incidentOf(health.breaker);
  if (!incident) return [];
  const { count: tasks, tasks: named, hosts, others = [], evidence, tries } = incident;
  return [
    `${count(tasks, 'task')}: ${someOf(named, tasks)}`,
    `seen on ${someOf(hosts) || 'no host'}`,
    ...(others.length > 0 ? [`another value of it is on ${someOf(others)}, where runs may go`] : []),
    ...evidence.map((one) => `evidence: ${one}`),
    ...(tries > 0 ? [`tried in vain: ${count(tries, 'time')}`] : []),
    `next: ${sayNext(health)}`,
  ];
}
