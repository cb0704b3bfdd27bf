// A run that no host starts because what it needs is ill: it waits for the end of that incident, and is offered again. Its
// own timer bounds every wait, so that a signal that gets lost loses nothing (DESIGN §4).

import { condition } from '@temporalio/workflow';
import { incidentHoldMs } from '../domain/backoff.ts';
import type { Declined } from '../domain/contract.ts';
import { keeperOf, type RunRecord } from '../domain/run.ts';
import type { TaskLife } from './task-life.ts';

const HOUR_MS = 3_600_000;
const HOLD_MS = 60_000;
/** Of a first wait. Of those who were woken for a wave, some come when it is full, and some when nobody answers: the next one is not far. */
const MISSED_WAVE = 1 / 4;
/** What one host has in bad health another may have in good: it is offered so often before the task waits. */
const OFFERS_ELSEWHERE = 5;

/** The world has moved on while the run waited to begin. */
export class Outwaited extends Error {
  override readonly name = 'Outwaited';
  readonly because: string;
  constructor(because: string) {
    super(because);
    this.because = because;
  }
}

export class IncidentWait {
  private readonly life: TaskLife;
  private readonly run: RunRecord;
  private candidates: string[] = [];
  private offers = 0;
  private holds = 0;
  private waitedMs = 0;

  constructor(life: TaskLife, run: RunRecord) {
    this.life = life;
    this.run = run;
  }

  /** The host that the next offer is for; undefined where any of the pool may take it. */
  next(): string | undefined {
    return this.candidates.shift();
  }

  /** False where the offer is to be made again after a moment. Throws Outwaited. */
  async waits(declined: Declined, because: string): Promise<boolean> {
    const { why, incident, elsewhere, hosts } = declined;
    this.candidates = [];
    if (why !== 'incident' || incident === undefined) return false;
    this.offers += 1;
    const isElsewhere = elsewhere && hosts?.length !== 0 && keeperOf(this.life.start) === undefined;
    if (isElsewhere && this.offers % (OFFERS_ELSEWHERE + 1) !== 0) {
      this.candidates = [...(hosts ?? [])];
      return hosts !== undefined;
    }
    const { life } = this;
    const since = Date.now();
    const ms = this.nextMs(declined);
    life.hold(ms, because, incident);
    await condition(() => life.waits.isWoken || life.newEvidence, ms, { summary: life.summary(because) });
    life.release();
    this.waitedMs += Date.now() - since;
    this.lookAgain(incident);
    return true;
  }

  private nextMs({ holdMs = 0, unasked }: Declined): number {
    const firstMs = this.life.timing.holdMs ?? HOLD_MS;
    const seed = `${this.life.task.id}/${this.run.n}`;
    if (this.life.waits.wasWoken || unasked) return incidentHoldMs(firstMs * MISSED_WAVE, 0, seed);
    return incidentHoldMs(Math.max(firstMs, holdMs), this.holds++, seed);
  }

  /** After an hour somebody else may have done the work; only what failed before can be looked at and decided anew. */
  private lookAgain(incident: string): void {
    const { life } = this;
    const before = life.runs.at(-2)?.failure;
    if (!before) return;
    if (life.newEvidence) throw new Outwaited('something came to light about the run before it');
    const mayBeSame = before.class === 'adapter' || before.class === 'host';
    if (this.waitedMs > HOUR_MS && mayBeSame) throw new Outwaited(`it waited long for the end of the incident of ${incident}`);
  }
}
