// One activity answers for a run, in this worker: a later one that adopts the run has the earlier one let go first. Two
// that look at, check and bank the same workspace would see each other's work.

export interface Claim {
  /** Aborted when another one wants the run. */
  readonly wanted: AbortSignal;
  /** Lets go. */
  release(): void;
}

export interface Claims {
  /** Resolves once nobody else holds the run. */
  take(run: string): Promise<Claim>;
  holds(run: string): boolean;
}

interface Held {
  readonly wanted: AbortController;
  readonly released: Promise<void>;
}

export function createClaims(): Claims {
  const held = new Map<string, Held>();
  return {
    take: async (run) => {
      for (let before = held.get(run); before; before = held.get(run)) {
        before.wanted.abort();
        await before.released;
      }
      const wanted = new AbortController();
      let letGo: () => void = () => undefined;
      const released = new Promise<void>((resolve) => {
        letGo = resolve;
      });
      held.set(run, { wanted, released });
      const release = () => {
        held.delete(run);
        letGo();
      };
      return { wanted: wanted.signal, release };
    },
    holds: (run) => held.has(run),
  };
}
