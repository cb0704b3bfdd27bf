// The current details of a host's entity in Temporal's Web UI, as Markdown: whether it takes runs, and if not, why.

import { prose } from './details.ts';
import type { HostState } from './host.ts';

export function hostDetails(host: string, { card, drained, refused }: HostState): string {
  const parts = [
    `### Host ${host}`,
    drained
      ? `**Drained** by ${prose(drained.by)} since ${drained.since}: ${prose(drained.why)}\n\nIt takes no new run; runs that live there go on. To take it back: \`outlive drain ${host} --undo\``
      : `**Takes runs.** To take it out: \`outlive drain ${host} --why "…"\``,
    card
      ? `- pools: ${card.pools.join(', ') || 'none'}\n- runs at once: ${card.capacity}\n- its worker: version ${prose(card.version)}, since ${card.startedAt}`
      : 'No worker of it has joined yet.',
    refused && `Signals that could not be read: ${refused.count}, the last one: ${prose(refused.last)}`,
  ];
  return parts.filter((part) => part !== undefined).join('\n\n');
}
