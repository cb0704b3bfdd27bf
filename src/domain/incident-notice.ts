// The one notice that goes out about an incident, whoever and however many wait for its end.

import { CAUSES } from './blame.ts';
import type { Incident } from './incident.ts';
import type { IncidentNotice } from './notice.ts';
import { count, someOf } from './story.ts';

const MOST_NAMED = 10;

export function incidentNotice(
  scope: string,
  { sinceMs, cause, count: tasks, tasks: named, hosts, evidence }: Incident,
  owner: string,
): IncidentNotice {
  const openedAt = new Date(sinceMs).toISOString();
  const { when, advice } = CAUSES[cause];
  return {
    v: 1,
    kind: 'incident',
    key: `${scope}/${openedAt}`,
    incident: scope,
    owner,
    text: `${when} (${count(tasks, 'task')} so far, on ${someOf(hosts)}). Tasks that need it wait for its end, and no run is burnt meanwhile. ${advice}`,
    evidence: evidence.map((value) => ({ where: scope, value })),
    count: tasks,
    tasks: named.slice(0, MOST_NAMED),
    openedAt,
    show: 'outlive incidents',
    answer: [`outlive incidents close ${scope} --why '…'`],
  };
}
