// The entity of a host, a credential or a provider: signals change its state, and its memo says the state to everybody: to
// read it takes one describe or one list, and no worker. What time changes, a timer does. A host's never ends by itself; of
// the others, one that is well and quiet for a day does, and the next report makes it anew.

import {
  ApplicationFailure,
  condition,
  defineSignal,
  defineUpdate,
  makeContinueAsNewFunc,
  proxyActivities,
  setCurrentDetails,
  setHandler,
  sleep,
  upsertMemo,
  workflowInfo,
} from '@temporalio/workflow';
import type { ControlActivities } from '../domain/contract.ts';
import type { Admission } from '../domain/health.ts';
import { healthDetails } from '../domain/health-details.ts';
import { type AdmitAsk, readAdmitAsk } from '../domain/health-form.ts';
import { admitted, dueMs, type Health, incidentOf, roomOf, ticked } from '../domain/health-state.ts';
import {
  HEALTH_REFUSED,
  type HealthInput,
  type HostState,
  healthOf,
  memoKey,
  memoOf,
  readHealthInput,
  signalsOf,
  withHealth,
} from '../domain/host.ts';
import { hasOneMore } from '../domain/incident.ts';
import { incidentNotice } from '../domain/incident-notice.ts';
import { ADMIT, ADMIT_REFUSED, CONTROL_QUEUE } from '../domain/names.ts';
import { type Scope, sayScope } from '../domain/scope.ts';
import { count } from '../domain/story.ts';

const DAY_MS = 86_400_000;
const MOST_SWEEPS = 10;

export async function health(sent: HealthInput): Promise<void> {
  const read = readHealthInput(sent, workflowInfo().workflowId);
  if (!read.ok) throw ApplicationFailure.nonRetryable(read.problem, HEALTH_REFUSED);
  const { name, scope: kind } = read.value;
  const entity = new Entity({ kind, name }, read.value.state ?? {});
  entity.listen();
  while (!entity.mustGoOn()) {
    entity.tell();
    if (!(await entity.changed())) return;
  }
  // A memo that was upserted is not inherited.
  const goOn = makeContinueAsNewFunc<typeof health>({ memo: { ...workflowInfo().memo, [memoKey(kind)]: memoOf(entity.state) } });
  await goOn({ v: 1, scope: kind, name, state: entity.state });
}

class Entity {
  state: HostState;
  // What was given to a continued execution stands in its memo already.
  private told: HostState;
  /** Notices and releases that are under way. */
  private underWay = 0;
  private readonly scope: Scope;

  constructor(scope: Scope, state: HostState) {
    this.scope = scope;
    this.state = state;
    this.told = state;
  }

  listen(): void {
    for (const [signal, { help, take }] of Object.entries(signalsOf(this.scope))) {
      const hear = (given: unknown) => {
        this.state = take(this.state, given, { scope: this.scope, now: new Date(Date.now()).toISOString() });
      };
      setHandler(defineSignal<[unknown]>(signal), hear, { description: help });
    }
    setHandler(defineUpdate<Admission, [AdmitAsk]>(ADMIT), (asked) => this.admit(asked), {
      description: 'Asked by a host before it starts a run that needs this',
      validator: (asked) => {
        const ask = readAdmitAsk(asked);
        if (!ask.ok) throw ApplicationFailure.nonRetryable(ask.problem, ADMIT_REFUSED);
      },
    });
  }

  mustGoOn(): boolean {
    return workflowInfo().continueAsNewSuggested && this.underWay === 0;
  }

  /** To everybody, by memo and details; to people and to tasks that wait, by what follows from it. */
  tell(): void {
    this.tick();
    const { state, told, scope } = this;
    const memo = memoOf(state);
    // In a wave the memo leaves out who has passed, and that may be all that changed.
    const isSame = memo !== state && JSON.stringify(memo) === JSON.stringify(memoOf(told));
    if (state !== told && !isSame) upsertMemo({ [memoKey(scope.kind)]: memo });
    this.told = state;
    setCurrentDetails(healthDetails(scope, state));
    this.act(healthOf(told, scope), healthOf(state, scope));
  }

  /** False where it is well, and nothing was heard for a day. */
  async changed(): Promise<boolean> {
    const { scope } = this;
    const health = healthOf(this.state, scope);
    const isOver = () => this.state !== this.told || this.mustGoOn();
    const due = dueMs(health);
    if (due !== undefined) await condition(isOver, Math.max(1, due - Date.now()), { summary: 'what is next for this incident' });
    else if (scope.kind !== 'host' && health.breaker.phase === 'closed' && !health.paused) {
      const isHeard = await condition(isOver, DAY_MS, { summary: 'well, and not needed after a quiet day' });
      return isHeard || this.underWay > 0;
    } else await condition(isOver);
    return true;
  }

  private tick(): void {
    this.update((health) => ticked(health, Date.now()));
  }

  private admit(asked: AdmitAsk): Admission {
    this.tick();
    const { health, answer } = admitted(healthOf(this.state, this.scope), asked, Date.now());
    this.update(() => health);
    return answer;
  }

  private update(change: (health: Health) => Health): void {
    const before = healthOf(this.state, this.scope);
    this.state = withHealth(this.state, before, change(before));
  }

  private act(before: Health, after: Health): void {
    const incident = incidentOf(after.breaker);
    if (incident && incident.sinceMs !== incidentOf(before.breaker)?.sinceMs) this.run(() => this.announce(incident.sinceMs));
    // A host has another value, and may let in whoever waits for this one.
    if (incident && hasOneMore(incidentOf(before.breaker), incident)) this.run(() => this.release(undefined));
    const room = roomOf(after);
    const roomBefore = roomOf(before);
    if (room === roomBefore || room === 0 || roomBefore === undefined) return;
    if (room === undefined || room > roomBefore) this.run(() => this.release(room));
  }

  private run(what: () => Promise<void>): void {
    this.underWay += 1;
    void what()
      .catch(() => undefined)
      .finally(() => {
        this.underWay -= 1;
      });
  }

  /** Once for each incident: whatever becomes of a notice, nothing waits for it. */
  private async announce(sinceMs: number): Promise<void> {
    const scope = sayScope(this.scope);
    const { channels, owner, quiet } = await control('who is to be told', '10m').audience({ scope, sinceMs });
    const incident = incidentOf(healthOf(this.state, this.scope).breaker);
    if (incident?.sinceMs !== sinceMs) return;
    if (quiet !== undefined || channels === 0) return this.say(sinceMs, quiet ?? 'nobody: no notify is configured');
    const notice = incidentNotice(scope, incident, owner);
    const sent = Array.from({ length: channels }, (_, channel) =>
      control(`tell ${owner} once`, '6h')
        .notify({ notice, channel })
        .then(
          () => true,
          () => false,
        ),
    );
    const out = (await Promise.all(sent)).filter(Boolean).length;
    this.say(sinceMs, `${owner}, through ${out} of ${count(channels, 'channel')}`);
  }

  private say(sinceMs: number, told: string): void {
    this.update((health) => (incidentOf(health.breaker)?.sinceMs === sinceMs ? { ...health, told } : health));
  }

  private async release(room: number | undefined): Promise<void> {
    const scope = sayScope(this.scope);
    if (room !== undefined) return void (await control(`wake ${room} that wait`, '1h').release({ scope, most: room }));
    // Who was sent back a moment before may stand there a moment later, for a long wait: until nobody does.
    for (let sweep = 0; sweep < MOST_SWEEPS; sweep += 1) {
      const { tasks } = await control('wake every task that waits', '1h').release({ scope });
      const { breaker, paused, rules } = healthOf(this.state, this.scope);
      if (tasks === 0 || paused || breaker.phase !== 'closed') return;
      await sleep(rules.waveMs, { summary: 'who came too late is woken then' });
    }
  }
}

function control(summary: string, forHowLong: '10m' | '1h' | '6h'): Pick<ControlActivities, 'audience' | 'notify' | 'release'> {
  return proxyActivities<Pick<ControlActivities, 'audience' | 'notify' | 'release'>>({
    taskQueue: CONTROL_QUEUE,
    summary,
    startToCloseTimeout: '10m',
    scheduleToCloseTimeout: forHowLong,
    retry: { maximumInterval: '1m' },
  });
}
