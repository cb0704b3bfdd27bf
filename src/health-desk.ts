// What a worker and the entities of hosts, credentials and providers tell each other. Reports go out in batches, at most one
// a second for each scope, and while a scope is well only what speaks against it. Which incidents are open is one list
// every few seconds; before a run starts, what it needs is read, and only where it may be let through is the entity asked.

import { type Client, WorkflowNotFoundError } from '@temporalio/client';
import { CAUSES } from './domain/blame.ts';
import type { Admission } from './domain/health.ts';
import type { AdmitAsk } from './domain/health-form.ts';
import type { HealthEvent } from './domain/health-rules.ts';
import { type Health, sayPaused } from './domain/health-state.ts';
import { memoKey, readHostState } from './domain/host.ts';
import { ADMIT, HEALTH_WORKFLOW, healthId, REPORTED, scopeOfHealthId } from './domain/names.ts';
import { readScope, type Scope, sayScope } from './domain/scope.ts';
import { readEntity, signalHealth } from './health-entity.ts';
import type { Log } from './log.ts';
import type { Thresholds } from './schema/thresholds-schema.ts';
import { sendUpdate } from './send-update.ts';

/** A scope that is not as it should be, as of the newest look. */
export interface ScopeSeen {
  readonly scope: Scope;
  readonly health: Health;
  /** Of a host: those that it serves. */
  readonly pools: readonly string[];
}

/** `unasked`: its entity did not answer. */
export type Admitted =
  | { readonly admitted: true }
  | { readonly admitted: false; readonly scope: Scope; readonly because: string; readonly unasked: boolean };

export interface HealthDesk {
  /** Never waits, never throws. */
  report(scope: Scope, event: Omit<HealthEvent, 'atMs'>): void;
  /** The model has answered this run; said where it holds a slot. */
  answered(run: AdmitAsk, host: string): void;
  /** As of the newest look; empty where none was answered for five minutes. */
  ill(): readonly ScopeSeen[];
  /** Called after every look that was answered. */
  onLook(call: () => void): void;
  /** Looks now. Rejects where the server does not answer. */
  look(): Promise<readonly ScopeSeen[]>;
  /** May this run start, as far as all of these are concerned? Nobody to ask, or nobody who answers, for five minutes means yes. */
  admit(scopes: readonly Scope[], run: AdmitAsk): Promise<Admitted>;
  /** What was reported goes out before it resolves, if the server answers. */
  stop(): Promise<void>;
}

const CALL_MS = 5000;
/** An entity answers when its worker has time, and in a wave that has much to do. */
const ASK_MS = 20_000;
const FLUSH_MS = 1000;
/** An answer that is older says nothing: better a run in vain than a fleet that stands still because nobody answers. */
const STALE_MS = 5 * 60_000;
/** As long is everything reported of a scope that something spoke against. */
const UNEASY_MS = 10 * 60_000;
const MOST_WAITING = 1000;
const ENTITIES = `WorkflowType = '${HEALTH_WORKFLOW}' AND ExecutionStatus = 'Running'`;

/** Every entity whose health anybody has ever reported on. */
export async function listHealth(client: Client): Promise<readonly ScopeSeen[]> {
  const seen: ScopeSeen[] = [];
  for await (const { workflowId, memo } of client.workflow.list({ query: ENTITIES })) {
    const scope = readScope(scopeOfHealthId(workflowId));
    if (!scope) continue;
    const { health, card } = readHostState(memo?.[memoKey(scope.kind)]);
    if (health) seen.push({ scope, health, pools: card?.pools ?? [] });
  }
  return seen;
}

export const isIll = ({ breaker, paused }: Health): boolean => breaker.phase !== 'closed' || paused !== undefined;

export function createHealthDesk(client: Client, thresholds: Thresholds, log: Log): HealthDesk {
  const waiting = new Map<string, { readonly scope: Scope; readonly events: HealthEvent[] }>();
  const uneasyUntil = new Map<string, number>();
  const slots = new Map<string, readonly Scope[]>();
  const silent = new Map<string, Silence>();
  const calls: (() => void)[] = [];
  let known = new Map<string, ScopeSeen>();
  let knownAt = Date.now();
  let stopped = false;
  let timer: NodeJS.Timeout | undefined;
  let flushing: NodeJS.Timeout | undefined;
  let sending: Promise<void> = Promise.resolve();

  const look = async (): Promise<readonly ScopeSeen[]> => {
    const seen = await client.withDeadline(Date.now() + CALL_MS, () => listHealth(client));
    known = new Map(seen.map((one) => [sayScope(one.scope), one]));
    knownAt = Date.now();
    for (const call of calls) call();
    return seen.filter(({ health }) => isIll(health));
  };
  let dueAt = Number.POSITIVE_INFINITY;
  /** The sooner one stands: what keeps coming in must not put it off for ever. */
  const plan = (ms: number) => {
    if (stopped || Date.now() + ms >= dueAt) return;
    clearTimeout(timer);
    dueAt = Date.now() + ms;
    timer = setTimeout(() => void lookAndPlan(), ms).unref();
  };
  const lookAndPlan = async () => {
    dueAt = Number.POSITIVE_INFINITY;
    await look().catch((error) => log.debug({ error: String(error) }, 'which incidents are open could not be read'));
    plan(thresholds.lookMs * (0.75 + Math.random() / 2));
  };
  void lookAndPlan();

  const isStale = () => Date.now() - knownAt > STALE_MS;
  const seen = (scope: Scope): Health | undefined => (isStale() ? undefined : known.get(sayScope(scope))?.health);
  const isUneasy = (scope: Scope): boolean => {
    const health = seen(scope);
    const hasStrikes = health?.breaker.phase === 'closed' && health.breaker.strikes.length > 0;
    return (health !== undefined && isIll(health)) || hasStrikes || (uneasyUntil.get(sayScope(scope)) ?? 0) > Date.now();
  };

  const send = async (): Promise<void> => {
    flushing = undefined;
    const batches = [...waiting.values()];
    waiting.clear();
    const sent = await Promise.all(
      batches.map(async ({ scope, events }) => {
        try {
          const report = { rules: thresholds.rules[scope.kind], events };
          await client.withDeadline(Date.now() + CALL_MS, () => signalHealth(client, scope, REPORTED, report));
          return events.some(({ verdict }) => verdict === 'strike');
        } catch (error) {
          log.warn({ scope: sayScope(scope), events: events.length, error: String(error) }, 'a report did not go out; it is tried again');
          put(scope, events);
          return false;
        }
      }),
    );
    // What was reported may have opened an incident, and the next run should know.
    if (sent.includes(true)) plan(Math.min(FLUSH_MS, thresholds.lookMs));
  };
  const flush = () => {
    sending = sending.then(send);
    return sending;
  };
  const put = (scope: Scope, events: readonly HealthEvent[]) => {
    const key = sayScope(scope);
    const entry = waiting.get(key) ?? { scope, events: [] };
    entry.events.push(...events);
    entry.events.splice(0, entry.events.length - MOST_WAITING);
    waiting.set(key, entry);
    if (!stopped) flushing ??= setTimeout(() => void flush(), FLUSH_MS).unref();
  };

  /** What was listed may be many seconds old: a run would start after a person shut the door, or be sent back after it was woken. */
  const freshly = (scope: Scope): Promise<Health | undefined> =>
    client
      .withDeadline(Date.now() + CALL_MS, () => readEntity(client, scope))
      .then(
        ({ health }) => health,
        () => seen(scope),
      );

  const answerOf = async (scope: Scope, health: Health | undefined, run: AdmitAsk): Promise<Answer | undefined> => {
    if (!health || !isIll(health)) return undefined;
    const because = whyShut(health);
    return because === undefined ? askUnlessSilent(scope, run) : { admitted: false, because, retryMs: 0 };
  };

  /** One that does not answer is asked by one run at a time: else each of them would keep a seat while it waits. */
  const askUnlessSilent = async (scope: Scope, run: AdmitAsk): Promise<Answer> => {
    const key = sayScope(scope);
    const before = silent.get(key);
    if (before?.isAsked) return sinceSilent(before);
    if (before) before.isAsked = true;
    const answer = await ask(client, scope, run);
    if (!answer.unasked) {
      silent.delete(key);
      return answer;
    }
    const now = silent.get(key) ?? { sinceMs: Date.now(), isAsked: false };
    now.isAsked = false;
    silent.set(key, now);
    return sinceSilent(now);
  };

  const givesBack = (run: AdmitAsk, scope: Scope): boolean => {
    const held = slots.get(keyOf(run)) ?? [];
    const left = held.filter((one) => sayScope(one) !== sayScope(scope));
    if (left.length > 0) slots.set(keyOf(run), left);
    else slots.delete(keyOf(run));
    return left.length < held.length;
  };

  return {
    report: (scope, event) => {
      // Whatever becomes of who holds a slot, the wave waits for it.
      const isHeard = givesBack(event, scope) || isUneasy(scope) || !['good', 'neutral', 'bad'].includes(event.verdict);
      if (event.verdict === 'strike') uneasyUntil.set(sayScope(scope), Date.now() + UNEASY_MS);
      if (isHeard) put(scope, [{ ...event, atMs: Date.now() }]);
    },
    answered: (run, host) => {
      for (const scope of slots.get(keyOf(run)) ?? []) put(scope, [{ ...run, host, verdict: 'answered', atMs: Date.now() }]);
      slots.delete(keyOf(run));
    },
    ill: () => (isStale() ? [] : [...known.values()].filter(({ health }) => isIll(health))),
    onLook: (call) => void calls.push(call),
    look,
    admit: async (scopes, run) => {
      const held: Scope[] = [];
      const healths = await Promise.all(scopes.map(freshly));
      for (const [index, scope] of scopes.entries()) {
        const answer = await answerOf(scope, healths[index], run);
        if (answer && !answer.admitted) {
          // It does not start, so what it was given, also by an answer that did not arrive, is somebody else's.
          const unasked = answer.unasked === true;
          for (const given of unasked ? [...held, scope] : held) put(given, [{ ...run, host: '', verdict: 'neutral', atMs: Date.now() }]);
          return { admitted: false, scope, because: answer.because, unasked };
        }
        if (answer?.admitted && answer.slot) held.push(scope);
      }
      if (held.length > 0) slots.set(keyOf(run), held);
      return { admitted: true };
    },
    stop: async () => {
      stopped = true;
      clearTimeout(timer);
      clearTimeout(flushing);
      await flush();
    },
  };
}

/** Undefined where it may let a run through: then it is asked. */
function whyShut({ breaker, paused }: Health): string | undefined {
  if (paused) return sayPaused(paused);
  if (breaker.phase !== 'open') return undefined;
  const { recovery, when } = CAUSES[breaker.incident.cause];
  return recovery === 'canary' && Date.now() >= breaker.untilMs ? undefined : when;
}

/** `unasked`: nobody gave it. */
type Answer = Admission & { readonly unasked?: true };

/** Of an entity that did not answer when it was asked last. */
interface Silence {
  readonly sinceMs: number;
  /** Somebody waits for its answer. */
  isAsked: boolean;
}

const UNASKED: Answer = { admitted: false, because: 'whether it is well again could not be asked', retryMs: 0, unasked: true };

const sinceSilent = ({ sinceMs }: Silence): Answer => (Date.now() - sinceMs > STALE_MS ? { admitted: true, slot: false } : UNASKED);

const keyOf = ({ task, run }: AdmitAsk): string => `${task}/${run}`;

/** An entity that is gone holds nobody back; one that does not answer does, until the next time. */
async function ask(client: Client, scope: Scope, run: AdmitAsk): Promise<Answer> {
  try {
    const entity = client.workflow.getHandle(healthId(sayScope(scope)));
    return await client.withDeadline(Date.now() + ASK_MS, () => sendUpdate<Admission, AdmitAsk>(entity, ADMIT, run));
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return { admitted: true, slot: false };
    return UNASKED;
  }
}
