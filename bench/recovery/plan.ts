// Which faults come when: a plan from a seed, made before anything starts, so that a soak can be had again. What a fault
// meets (which run is alive, which worker is up) is the fleet's own affair; the plan only says where to look first.

/** `absence`: somebody is away for a while, now and then past the lease; `pause`: never for long; `moment`: it has happened and is over. */
interface FaultRow {
  /** How often, against the others. */
  readonly weight: number;
  readonly lasts: 'absence' | 'pause' | 'moment';
}

export const FAULTS = {
  worker_killed: { weight: 5, lasts: 'absence' },
  worker_stopped: { weight: 3, lasts: 'absence' },
  worker_frozen: { weight: 2, lasts: 'absence' },
  host_killed: { weight: 2, lasts: 'absence' },
  // Without it nothing goes on at all, so it does not stay away.
  control_killed: { weight: 2, lasts: 'pause' },
  supervisor_killed: { weight: 4, lasts: 'moment' },
  agent_killed: { weight: 4, lasts: 'moment' },
  agent_group_killed: { weight: 3, lasts: 'moment' },
  // These take everything down at once, and come where the table of outages says.
  server_stopped: { weight: 0, lasts: 'absence' },
  origin_gone: { weight: 0, lasts: 'absence' },
} as const satisfies Record<string, FaultRow>;
export type Fault = keyof typeof FAULTS;

/** Outages of what all hosts share, by their place in the soak's time. A soak of a minute has the first of each. */
const OUTAGES: readonly { readonly fault: Fault; readonly at: number; readonly fromMs: number; readonly toMs: number }[] = [
  { fault: 'server_stopped', at: 0.3, fromMs: 2000, toMs: 6000 },
  { fault: 'origin_gone', at: 0.6, fromMs: 2000, toMs: 6000 },
  { fault: 'server_stopped', at: 0.75, fromMs: 12_000, toMs: 20_000 },
  { fault: 'origin_gone', at: 0.9, fromMs: 15_000, toMs: 25_000 },
];
const SHORT_SOAK_MS = 90_000;

export interface Planned {
  readonly fault: Fault;
  /** From the beginning of the soak. */
  readonly atMs: number;
  /** How long an absence lasts; 0 for a moment. */
  readonly lastsMs: number;
  /** From 0 to 1: which host, and which of its runs. */
  readonly where: number;
}

const GAP_MS = { least: 1000, most: 6000 } as const;

/** Faults in the order of their time, all within `forMs`. The same arguments give the same plan. */
export function planFaults(seed: number, forMs: number, leaseMs: number): Planned[] {
  const random = randomFrom(seed);
  const between = (least: number, most: number) => Math.round(least + random() * (most - least));
  const lastsMs = (lasts: FaultRow['lasts']) => {
    const kind = random();
    if (lasts === 'moment') return 0;
    if (lasts === 'pause' || kind < 0.7) return between(50, 1500);
    // Past the lease its agents are ended; past another half minute its runs are given up.
    if (kind < 0.95 || forMs < SHORT_SOAK_MS) return leaseMs + between(500, 5000);
    return leaseMs + 30_000 + between(1000, 8000);
  };
  const drawnFaults: Planned[] = [];
  for (let atMs = between(2000, 4000); atMs < forMs; atMs += between(GAP_MS.least, GAP_MS.most)) {
    const fault = drawn(random());
    drawnFaults.push({ fault, atMs, lastsMs: lastsMs(FAULTS[fault].lasts), where: random() });
  }
  const outages = OUTAGES.slice(0, forMs < SHORT_SOAK_MS ? 2 : OUTAGES.length).map(({ fault, at, fromMs, toMs }) => ({
    fault,
    atMs: Math.round((at + random() * 0.05) * forMs),
    lastsMs: between(fromMs, toMs),
    where: 0,
  }));
  return [...drawnFaults, ...outages].sort((one, other) => one.atMs - other.atMs);
}

function drawn(random: number): Fault {
  const rows = Object.entries(FAULTS) as [Fault, FaultRow][];
  let left = random * rows.reduce((sum, [, { weight }]) => sum + weight, 0);
  for (const [fault, { weight }] of rows) {
    left -= weight;
    if (left < 0) return fault;
  }
  return 'worker_killed';
}

/** Numbers from 0 to 1, always the same ones for a seed (mulberry32). */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
