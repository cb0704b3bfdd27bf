// Reading what an entity is sent, and what its memo says: senders and readers may be of other versions, or a person in the
// Web UI, so nothing is believed unread. By hand, because it runs inside the workflow.

import { CAUSES, type Cause } from './blame.ts';
import type { Breaker } from './health.ts';
import { DEFAULT_RULES, type HealthEvent, type HealthRules } from './health-rules.ts';
import type { Health, Pause } from './health-state.ts';
import type { Read } from './question.ts';
import { cut } from './story.ts';

/** What the signal `reported` carries. */
export interface HealthReport {
  readonly rules: HealthRules;
  readonly events: readonly HealthEvent[];
}

/** What the update `admit` is asked. */
export interface AdmitAsk {
  readonly task: string;
  readonly run: number;
}

const MOST_EVENTS = 1000;
const VERDICTS: Readonly<Record<HealthEvent['verdict'], true>> = {
  strike: true,
  good: true,
  bad: true,
  neutral: true,
  answered: true,
  acquitted: true,
  well: true,
  ill: true,
  gone: true,
};

export function readReport(sent: unknown): Read<HealthReport> {
  if (!isRecord(sent) || !isRules(sent['rules'])) return problem('a report is {"rules": {…}, "events": […]}');
  const { rules, events } = sent as { readonly rules: HealthRules; readonly events: unknown };
  if (!Array.isArray(events) || events.length > MOST_EVENTS || !events.every(isEvent))
    return problem(`"events" of a report must be a list of at most ${MOST_EVENTS} of {task, run, host, atMs, verdict}`);
  return { ok: true, value: { rules, events: events.map(cleanEvent) } };
}

export function readAdmitAsk(sent: unknown): Read<AdmitAsk> {
  if (!isRecord(sent) || !isText(sent['task']) || !isCount(sent['run'])) return problem('expected {"task": "…", "run": 1}');
  return { ok: true, value: { task: sent['task'], run: sent['run'] } };
}

/** Undefined where it cannot be read: such a scope is as good as one that nobody has heard of. */
export function readHealth(sent: unknown): Health | undefined {
  if (!isRecord(sent) || !isRules(sent['rules']) || !isBreaker(sent['breaker'])) return undefined;
  const { breaker, rules, paused, told } = sent;
  return { breaker, rules, ...(isPause(paused) ? { paused } : {}), ...(isText(told) ? { told } : {}) };
}

const problem = (text: string): { ok: false; problem: string } => ({ ok: false, problem: text });
const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value);
const isText = (value: unknown): value is string => typeof value === 'string' && value.length <= 1000;
const isCount = (value: unknown): value is number => typeof value === 'number' && Number.isInteger(value) && value >= 0;
const isMs = (value: unknown): value is number => typeof value === 'number' && Number.isFinite(value) && value >= 0 && value <= 8.64e15;
const isCause = (value: unknown): value is Cause => typeof value === 'string' && Object.hasOwn(CAUSES, value);
const isListOf = <T>(value: unknown, is: (one: unknown) => one is T): value is T[] => Array.isArray(value) && value.every(is);

function isEvent(sent: unknown): sent is HealthEvent {
  if (!isRecord(sent)) return false;
  const { task, run, host, atMs, verdict, cause, evidence } = sent;
  const isKnown = typeof verdict === 'string' && Object.hasOwn(VERDICTS, verdict);
  const isWhole = (verdict !== 'strike' || isCause(cause)) && (evidence === undefined || isText(evidence));
  return isText(task) && isCount(run) && isText(host) && isMs(atMs) && isKnown && isWhole;
}

const MAX_EVIDENCE = 200;

const cleanEvent = ({ task, run, host, atMs, verdict, cause, evidence, isOnlyHost }: HealthEvent): HealthEvent => ({
  task,
  run,
  host,
  atMs,
  verdict,
  ...(cause === undefined ? {} : { cause }),
  ...(evidence === undefined ? {} : { evidence: cut(evidence, MAX_EVIDENCE) }),
  ...(isOnlyHost === true ? { isOnlyHost } : {}),
});

const RULE_NAMES = Object.keys(DEFAULT_RULES.host) as readonly (keyof HealthRules)[];
const isRules = (sent: unknown): sent is HealthRules =>
  isRecord(sent) && RULE_NAMES.every((name) => (name === 'inARow' ? typeof sent[name] === 'boolean' : isMs(sent[name])));

function isBreaker(sent: unknown): sent is Breaker {
  if (!isRecord(sent) || !isRecord(sent['cooled']) || !isCount(sent['cooled']['openings']) || !isMs(sent['cooled']['lastMs'])) return false;
  switch (sent['phase']) {
    case 'closed':
      return isListOf(sent['strikes'], isStrike) && isListOf(sent['goods'], isGood);
    case 'open':
      return isIncident(sent['incident']) && isMs(sent['untilMs']);
    case 'half_open':
      return isIncident(sent['incident']) && isWave(sent['wave']);
    default:
      return false;
  }
}

const isStrike = (sent: unknown): sent is unknown =>
  isRecord(sent) && isText(sent['task']) && isText(sent['host']) && isCause(sent['cause']) && isMs(sent['atMs']);
const isGood = (sent: unknown): sent is unknown => isRecord(sent) && isText(sent['task']) && isMs(sent['atMs']);
const isSlot = (sent: unknown): sent is unknown =>
  isRecord(sent) && isText(sent['task']) && isCount(sent['run']) && isMs(sent['untilMs']) && typeof sent['isGood'] === 'boolean';
const isWave = (sent: unknown): boolean => isRecord(sent) && isCount(sent['n']) && isMs(sent['sinceMs']) && isListOf(sent['slots'], isSlot);

function isIncident(sent: unknown): boolean {
  if (!isRecord(sent) || !isMs(sent['sinceMs']) || !isCause(sent['cause']) || !isCount(sent['count']) || !isCount(sent['tries']))
    return false;
  const { tasks, hosts, others = [], evidence } = sent;
  return [tasks, hosts, others, evidence].every((list) => isListOf(list, isText));
}

export function isPause(sent: unknown): sent is Pause {
  return isRecord(sent) && isText(sent['by']) && isText(sent['why']) && isText(sent['since']) && !Number.isNaN(Date.parse(sent['since']));
}
