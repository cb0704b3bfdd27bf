// How many agents a host may have at once. A seat is taken by a living run, whichever queue it came from and whichever
// worker started it, and is given back when nothing of the run lives any more.

export interface Seats {
  readonly capacity: number;
  /** False where all are taken. The same run takes one seat, however often it is asked for. */
  take(run: string): boolean;
  /** For a run that lives already: it has its seat even where that is one too many. */
  occupy(run: string): void;
  release(run: string): void;
  free(): number;
  taken(): readonly string[];
  /** Calls back whenever a seat was given back. */
  onRelease(call: () => void): void;
}

export function createSeats(capacity: number): Seats {
  const taken = new Set<string>();
  const calls: (() => void)[] = [];
  return {
    capacity,
    take: (run) => {
      if (!taken.has(run) && taken.size >= capacity) return false;
      taken.add(run);
      return true;
    },
    occupy: (run) => void taken.add(run),
    release: (run) => {
      if (taken.delete(run)) for (const call of calls) call();
    },
    free: () => Math.max(0, capacity - taken.size),
    taken: () => [...taken],
    onRelease: (call) => void calls.push(call),
  };
}
