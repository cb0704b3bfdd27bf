// The state of an entity: of a host, what its worker said when it joined and whether a person has taken it out; of every
// scope, its health. Who sends a signal or reads the state may be of another version, or a person in the Web UI, so nothing
// is believed unread. Guards are written by hand: they run inside the workflow, where a schema library would cost half a megabyte.

import { isPause, readHealth, readReport } from './health-form.ts';
import { DEFAULT_RULES } from './health-rules.ts';
import { closedByHand, type Health, type Pause, paused, reported, wellWith, withoutPassed } from './health-state.ts';
import { CLOSE_BY_HAND, DRAIN, healthId, JOINED, OPEN_BY_HAND, QUEUE_WORD, REPORTED, UNDRAIN } from './names.ts';
import type { Read } from './question.ts';
import { readScope, SCOPE_KINDS, type Scope, type ScopeKind, sayScope } from './scope.ts';
import { cut } from './story.ts';

/** What a worker says of its host when it starts. `capacity`: runs at once; `startedAt`: of the worker, ISO time. */
export interface HostCard {
  readonly host: string;
  readonly pools: readonly string[];
  readonly capacity: number;
  readonly version: string;
  readonly bootId: string;
  readonly startedAt: string;
}

/** What a person says who takes a host or a pool out, or takes it back. */
export interface Wish {
  readonly by: string;
  readonly why: string;
}

/** No new runs there. */
export type Drained = Pause;

/** `health` is missing until somebody has reported something; `refused` are signals that could not be read. */
export interface HealthState {
  readonly health?: Health;
  readonly refused?: { readonly count: number; readonly last: string };
}

/** `card` is missing until a worker of the host has joined; of other scopes it always is, and `drained` too. */
export interface HostState extends HealthState {
  readonly card?: HostCard;
  readonly drained?: Drained;
}

/** What an entity is started with; `state` where it goes on from an earlier execution. */
export interface HealthInput {
  readonly v: 1;
  readonly scope: ScopeKind;
  readonly name: string;
  readonly state?: HostState;
}

/** Where an entity's memo has its state. */
export const memoKey = (kind: ScopeKind): 'host' | 'health' => (kind === 'host' ? 'host' : 'health');

/** Type of the ApplicationFailure of an entity that was started with anything else. */
export const HEALTH_REFUSED = 'health.refused';

interface EntitySignal {
  /** Shown in the Web UI beside the signal's name. */
  readonly help: string;
  /** The state after the signal; the very same object where it changes nothing. Takes any value, never throws. `now` is an ISO time. */
  take(state: HostState, sent: unknown, at: { readonly scope: Scope; readonly now: string }): HostState;
}

const WISH_FORM = '{"why": "…", "by": "you"}, or the reason alone as a text';

export const healthOf = ({ health }: HealthState, { kind }: Pick<Scope, 'kind'>): Health => health ?? wellWith(DEFAULT_RULES[kind]);

/** The very same state where its health did not change. */
export const withHealth = (state: HostState, before: Health, after: Health): HostState =>
  after === before ? state : { ...state, health: after };

/** What its memo says. */
export const memoOf = (state: HostState): HostState => (state.health ? { ...state, health: withoutPassed(state.health) } : state);

const SCOPE_SIGNALS: Readonly<Record<typeof REPORTED | typeof OPEN_BY_HAND | typeof CLOSE_BY_HAND, EntitySignal>> = {
  [REPORTED]: {
    help: 'Sent by workers: how runs ended that shared this',
    take: (state, sent, { scope }) =>
      after(state, readReport(sent), ({ rules, events }) => {
        const health = healthOf(state, scope);
        return withHealth(state, health, reported(health, rules, events));
      }),
  },
  [OPEN_BY_HAND]: {
    help: `No run that shares this starts until you close it: ${WISH_FORM}`,
    take: (state, sent, { scope, now }) =>
      after(state, readWish(sent), (wish) => {
        const health = healthOf(state, scope);
        return withHealth(state, health, paused(health, { ...wish, since: now }));
      }),
  },
  [CLOSE_BY_HAND]: {
    help: `What is held goes on, whatever was counted is forgotten: ${WISH_FORM}`,
    take: (state, sent) => after(state, readWish(sent), () => (state.health ? { ...state, health: closedByHand(state.health) } : state)),
  },
};

const HOST_SIGNALS: Readonly<Record<typeof JOINED | typeof DRAIN | typeof UNDRAIN, EntitySignal>> = {
  [JOINED]: {
    help: 'Sent by a worker of this host when it starts',
    take: (state, sent, { scope }) => after(state, readCard(sent, scope.name), (card) => ({ ...state, card })),
  },
  [DRAIN]: {
    help: `No new runs on this host, living ones go on: ${WISH_FORM}`,
    // Who drained first, and since when, is what people ask.
    take: (state, sent, { now }) =>
      after(state, readWish(sent), (wish) => (state.drained ? state : { ...state, drained: { ...wish, since: now } })),
  },
  [UNDRAIN]: {
    help: `This host takes runs again: ${WISH_FORM}`,
    take: (state, sent) => after(state, readWish(sent), () => withoutDrain(state)),
  },
};

export const signalsOf = ({ kind }: Scope): Readonly<Record<string, EntitySignal>> =>
  kind === 'host' ? { ...HOST_SIGNALS, ...SCOPE_SIGNALS } : SCOPE_SIGNALS;

function after<T>(state: HostState, read: Read<T>, then: (value: T) => HostState): HostState {
  if (read.ok) return then(read.value);
  return { ...state, refused: { count: (state.refused?.count ?? 0) + 1, last: cut(read.problem, MAX_TEXT) } };
}

function withoutDrain(state: HostState): HostState {
  if (!state.drained) return state;
  const { drained: _, ...rest } = state;
  return rest;
}

/** Reads what an entity with the id `workflowId` was started with. */
export function readHealthInput(sent: unknown, workflowId: string): Read<HealthInput> {
  const kind = isRecord(sent) && sent['v'] === 1 ? SCOPE_KINDS.find((one) => one === sent['scope']) : undefined;
  const { name, state } = (isRecord(sent) ? sent : {}) as { name: unknown; state?: unknown };
  const isName = kind === 'host' ? isQueueWord(name) : typeof name === 'string' && readScope(`${kind}/${name}`) !== undefined;
  if (kind === undefined || !isName)
    return problem(
      `this workflow is started with {"v": 1, "scope": "${SCOPE_KINDS.join('" or "')}", "name": "<its name>"}; a worker does it when it starts or reports`,
    );
  const scope = { kind, name: name as string };
  if (workflowId !== healthId(sayScope(scope)))
    return problem(`the entity of ${sayScope(scope)} has the id ${healthId(sayScope(scope))}, and no other`);
  return { ok: true, value: { v: 1, scope: kind, name: scope.name, ...(state === undefined ? {} : { state: readHostState(state) }) } };
}

/** Reads the state in an entity's memo or input. What cannot be read of it is left out. */
export function readHostState(sent: unknown): HostState {
  if (!isRecord(sent)) return {};
  const card = readCard(sent['card']);
  const { drained, refused } = sent;
  const health = readHealth(sent['health']);
  return {
    ...(card.ok ? { card: card.value } : {}),
    ...(isPause(drained) ? { drained: { by: drained.by, why: drained.why, since: drained.since } } : {}),
    ...(health ? { health } : {}),
    ...(isRefused(refused) ? { refused: { count: refused.count, last: refused.last } } : {}),
  };
}

const MAX_TEXT = 250;
const MAX_POOLS = 50;
const MAX_CAPACITY = 1_000_000;

interface Field {
  readonly form: string;
  is(value: unknown): boolean;
}
const TEXT: Field = { form: `a text of at most ${MAX_TEXT} characters`, is: isText };

const CARD: Readonly<Record<keyof HostCard, Field>> = {
  host: { form: 'the id of a host', is: isQueueWord },
  pools: { form: `a list of at most ${MAX_POOLS} pools`, is: (value) => isListOf(value, MAX_POOLS, isQueueWord) },
  capacity: { form: 'a whole number of 1 or more', is: (value) => isWhole(value, MAX_CAPACITY) && value >= 1 },
  version: TEXT,
  bootId: TEXT,
  startedAt: { form: 'an ISO time', is: isTime },
};

/** Only that of `host`, where one is named. Fields that are not known are left out. */
function readCard(sent: unknown, host?: string): Read<HostCard> {
  if (!isRecord(sent)) return problem(`a card is an object with ${Object.keys(CARD).join(', ')}`);
  for (const [name, { form, is }] of Object.entries(CARD)) if (!is(sent[name])) return problem(`"${name}" of a card must be ${form}`);
  const card = Object.fromEntries(Object.keys(CARD).map((name) => [name, sent[name]])) as unknown as HostCard;
  return host === undefined || card.host === host ? { ok: true, value: card } : problem(`this is the entity of host ${host}`);
}

/** Reads who takes something out or back, and why. Nothing at all is a wish too: of somebody, for no reason given. */
export function readWish(sent: unknown): Read<Wish> {
  const given = sent === undefined || sent === null ? {} : typeof sent === 'string' ? { why: sent } : sent;
  if (!isRecord(given)) return problem(`expected ${WISH_FORM}`);
  for (const name of ['why', 'by'] as const) {
    const value = given[name];
    if (value !== undefined && value !== null && !isText(value)) return problem(`"${name}" must be ${TEXT.form}`);
  }
  return { ok: true, value: { by: words(given['by']) ?? 'somebody', why: words(given['why']) ?? 'no reason given' } };
}

const problem = (text: string): { ok: false; problem: string } => ({ ok: false, problem: text });
const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value);
const words = (value: unknown): string | undefined => (typeof value === 'string' && value.trim() !== '' ? value.trim() : undefined);

function isText(value: unknown): value is string {
  return typeof value === 'string' && value.length <= MAX_TEXT;
}
function isQueueWord(value: unknown): value is string {
  return typeof value === 'string' && QUEUE_WORD.test(value);
}
function isTime(value: unknown): value is string {
  return isText(value) && /^\d{4}-\d\d-\d\dT/.test(value) && !Number.isNaN(Date.parse(value));
}
function isWhole(value: unknown, most: number): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= most;
}
function isListOf(value: unknown, most: number, is: (one: unknown) => boolean): boolean {
  return Array.isArray(value) && value.length <= most && value.every(is);
}
function isRefused(value: unknown): value is NonNullable<HostState['refused']> {
  return isRecord(value) && isWhole(value['count'], Number.MAX_SAFE_INTEGER) && isText(value['last']);
}
