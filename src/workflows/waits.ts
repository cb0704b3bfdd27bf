// What the task waits for, and how long it has waited in all.

import type { Hold } from '../domain/contract.ts';

export class Waits {
  hold: Hold | undefined;
  /** The incident that is waited for may be over. */
  isWoken = false;
  /** The newest wait was cut short by that. */
  wasWoken = false;
  inAllMs = 0;

  /** `incident`: the scope of the one whose end is waited for. */
  begin(ms: number, because: string, owner: string, incident: string | undefined): void {
    const until = new Date(Date.now() + ms).toISOString();
    const what = incident === undefined ? ({ for: 'time' } as const) : ({ for: 'incident', incident } as const);
    this.isWoken = false;
    this.hold = { ...what, since: new Date(Date.now()).toISOString(), until, owner, because };
  }

  /** Only what waits for that incident hears it. */
  wake(incident: string): void {
    this.isWoken ||= this.hold?.incident === incident;
  }

  end(): void {
    this.add(this.hold?.since);
    this.hold = undefined;
    this.wasWoken = this.isWoken;
    this.isWoken = false;
  }

  add(since: string | undefined): void {
    if (since) this.inAllMs += Date.now() - Date.parse(since);
  }
}
