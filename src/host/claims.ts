// One activity answers for a run, in this worker: a later one that adopts the run has the earlier one let go first. Two
// that look at, check and bank the same workspace would see each other's work.

export interface Claim {
  /** Resolves once nobody else has the run. */
  readonly held: Promise<void>;
  /** Aborted when another one wants the run. */
  readonly wanted: AbortSignal;
  /** Lets go, once it is held. */
  release(): void;
}

export interface Claims {
  /** Whoever has the run now, or waits for it, is asked to let go. */
  take(run: string): Claim;
  /** Somebody has the run, or waits for it. */
  holds(run: string): boolean;
}

interface Claimed {
  readonly wanted: AbortController;
  /** Resolves once neither this one nor any before it has the run. */
  readonly over: Promise<void>;
}

export function createClaims(): Claims {
  const newest = new Map<string, Claimed>();
  return {
    take: (run) => {
      const before = newest.get(run);
      before?.wanted.abort();
      const held = before?.over ?? Promise.resolve();
      let letGo: () => void = () => undefined;
      const released = new Promise<void>((resolve) => {
        letGo = resolve;
      });
      const claimed = { wanted: new AbortController(), over: held.then(() => released) };
      newest.set(run, claimed);
      const release = () => {
        if (newest.get(run) === claimed) newest.delete(run);
        letGo();
      };
      return { held, wanted: claimed.wanted.signal, release };
    },
    holds: (run) => newest.has(run),
  };
}
