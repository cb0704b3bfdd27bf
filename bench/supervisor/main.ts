// What it costs that a run outlives its worker, and how soon one is taken up again, beside the figures that are to be held.
// `npm run bench:supervisor [-- --times 200] [--cold 20] [--kills 10] [--json]`

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { createSupervisors } from '../../src/host/supervisors.ts';
import { DEFAULT_SETTINGS } from '../../src/schema/config.ts';
import { endings } from '../recovery/endings.ts';
import { kill, processesUnder } from '../recovery/processes.ts';
import { type Spread, spreadOf } from '../recovery/spread.ts';
import { measureMemory } from './memory.ts';
import { measureReattach } from './reattach.ts';
import { measureSpawns } from './spawn-cost.ts';

const { values } = parseArgs({
  options: {
    times: { type: 'string', default: '200' },
    cold: { type: 'string', default: '20' },
    kills: { type: 'string', default: '10' },
    json: { type: 'boolean', default: false },
  },
});
/** Supervisors alive at once where memory is measured. */
const ALIVE = 4;

const ROWS = {
  plain: { says: '`true`, started plainly', unit: 'ms' },
  supervised: { says: '`true`, from the order to the word that it has ended', unit: 'ms' },
  journal: { says: 'journal and lease before the order', unit: 'ms' },
  added: { says: 'added to a run: both, less the plain start', unit: 'ms', figure: '≤ 60 ms' },
  cold: { says: '`true`, where a supervisor has to be started first', unit: 'ms' },
  resident: { says: 'supervisor with a living run: resident', unit: 'MiB', figure: '≤ 50 MB' },
  proportional: { says: 'supervisor with a living run: its share (PSS)', unit: 'MiB' },
  reattach: {
    says: 'from the kill of a worker to its run being taken up again',
    unit: 'ms',
    figure: `≤ ${DEFAULT_SETTINGS.timing.heartbeatMs + 5000} ms`,
  },
} as const;

type Measured = Readonly<Record<keyof typeof ROWS, Spread>> & { readonly lostRuns: number; readonly secondRuns: number };

const folder = await mkdtemp(join(tmpdir(), 'outlive-supervisor-'));
const { atEnd, exit } = endings();
atEnd(() => rm(folder, { recursive: true, force: true }));
try {
  const measured = await measure();
  if (values.json) console.log(JSON.stringify(measured));
  else print(measured);
  await exit(0);
} catch (error) {
  console.error(error);
  await exit(1);
}

async function measure(): Promise<Measured> {
  const state = join(folder, 'state');
  const supervisors = createSupervisors(state);
  // Runs whose bench is cut off would live on.
  atEnd(async () => {
    for (const found of processesUnder(folder)) kill(found);
  });
  // Supervisors keep nobody alive who waits for them.
  const awake = setInterval(() => undefined, 1000);
  const { plain, supervised, journal, cold } = await measureSpawns(state, supervisors, Number(values.times), Number(values.cold));
  const { resident, proportional } = await measureMemory(state, supervisors, ALIVE);
  supervisors.close();
  const { delays, lostRuns, secondRuns } = await measureReattach(folder, Number(values.kills), atEnd);
  clearInterval(awake);
  const added = supervised.map((ms, time) => ms + (journal[time] ?? 0) - (plain[time] ?? 0));
  return {
    plain: spreadOf(plain),
    supervised: spreadOf(supervised),
    journal: spreadOf(journal),
    added: spreadOf(added),
    cold: spreadOf(cold),
    resident: spreadOf(resident),
    proportional: spreadOf(proportional),
    reattach: spreadOf(delays),
    lostRuns,
    secondRuns,
  };
}

function print(measured: Measured): void {
  const names = Object.keys(ROWS) as (keyof typeof ROWS)[];
  const rows = names.map((name) => {
    const { says, unit } = ROWS[name];
    const say = (value: number) => `${value.toFixed(1)} ${unit}`;
    const { p50, p95, max } = measured[name];
    return [says, { p50: say(p50), p95: say(p95), max: say(max), figure: 'figure' in ROWS[name] ? ROWS[name].figure : '' }] as const;
  });
  console.table(Object.fromEntries(rows));
  console.log(`runs lost: ${measured.lostRuns} (figure 0) · second runs: ${measured.secondRuns} (figure 0)`);
}
