// The record of one incident: whom it has met, where, and what was seen of it. It grows with what is reported while it is open.

import type { Cause } from './blame.ts';

/** A shared cause behind many failures, as people are told of it. */
export interface Incident {
  readonly sinceMs: number;
  readonly cause: Cause;
  /** Distinct tasks that ran into it, and the first of them by name. */
  readonly count: number;
  readonly tasks: readonly string[];
  readonly hosts: readonly string[];
  /** Of a credential that is not valid: hosts that have another value of it, which may let runs in. */
  readonly others?: readonly string[];
  readonly evidence: readonly string[];
  /** How often a recovery was tried in vain. */
  readonly tries: number;
}

/** What ran into it. */
export interface Met {
  readonly task: string;
  readonly host: string;
  readonly evidence?: string;
}

/** A credential is well when the last of them has another value, so no fleet may have more. */
const MOST_HOSTS = 500;
/** Each new one wakes whoever waits. */
const MOST_OTHERS = 50;
const MOST_EVIDENCE = 10;
/** Beyond them, one that comes twice counts twice: by then it says how much, not who. */
const MOST_TASKS = 200;

export function incidentFrom(met: readonly (Met & { readonly cause: Cause })[], sinceMs: number): Incident {
  const named = { count: 0, tasks: [], hosts: [], evidence: [] };
  return met.reduce<Incident>(withMet, { sinceMs, cause: met[0]?.cause ?? 'by_hand', tries: 0, ...named });
}

/** The very same object where it is known already. */
export function withMet(incident: Incident, { task, host, evidence = '' }: Met): Incident {
  const isKnown = task === '' || incident.tasks.includes(task);
  const tasks = isKnown || incident.tasks.length >= MOST_TASKS ? incident.tasks : [...incident.tasks, task];
  const hosts = added(incident.hosts, host, MOST_HOSTS);
  const seen = added(incident.evidence, evidence, MOST_EVIDENCE);
  if (isKnown && hosts === incident.hosts && seen === incident.evidence) return incident;
  return {
    ...incident,
    count: incident.count + (isKnown ? 0 : 1),
    tasks,
    hosts,
    evidence: seen,
    ...(incident.others ? { others: without(incident.others, host) } : {}),
  };
}

/** A host has another value, now or all along. The very same object where that is known already. */
export function withOther(incident: Incident, host: string): Incident {
  const { hosts, others = [] } = incident;
  const left = without(hosts, host);
  const more = added(others, host, MOST_OTHERS);
  return left.length === hosts.length && more === others ? incident : { ...incident, hosts: left, others: more };
}

/** Nothing is new to it: that host is named, or as many are as it names. */
export const knowsOther = ({ others = [] }: Incident, host: string): boolean => others.includes(host) || others.length >= MOST_OTHERS;

/** Is there one host more that may let in whoever waits? */
export const hasOneMore = (before: Incident | undefined, { hosts, others = [] }: Incident): boolean =>
  hosts.length < (before?.hosts.length ?? 0) || others.some((host) => before?.others?.includes(host) !== true);

const added = (list: readonly string[], one: string, most: number): readonly string[] =>
  one === '' || list.includes(one) || list.length >= most ? list : [...list, one];

const without = (list: readonly string[], one: string): readonly string[] => list.filter((each) => each !== one);
