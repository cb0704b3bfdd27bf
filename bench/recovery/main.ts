// The soak: tasks with real git work on real hosts, and whatever can die dies at random, again and again. Afterwards nothing
// may be lost, doubled or left over. `npm run bench:recovery -- [--seconds 600] [--seed N] [--tasks N] [--hosts 2]
// [--capacity N] [--json] [--keep]`; exit 1 where something is. The same seed plans the same faults.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { endings } from './endings.ts';
import { type Fleet, LEASE_MS, startFleet } from './fleet.ts';
import { planFaults, randomFrom } from './plan.ts';
import { startsOf } from './records.ts';
import { isClean, printReport, type Report, reportOf } from './report.ts';
import { soak } from './soak.ts';
import { delaysOf, type TakenUp, takenUpIn } from './task-history.ts';
import { verdictOf } from './verdict.ts';
import { workOf } from './workload.ts';

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '600' },
    seed: { type: 'string', default: String(Math.floor(Math.random() * 1e9)) },
    tasks: { type: 'string' },
    hosts: { type: 'string', default: '2' },
    capacity: { type: 'string', default: '3' },
    json: { type: 'boolean', default: false },
    keep: { type: 'boolean', default: false },
  },
});
const [seconds, seed, hosts, capacity] = [values.seconds, values.seed, values.hosts, values.capacity].map(Number) as [
  number,
  number,
  number,
  number,
];
/** Open at once: half as many again as there are seats, because some wait for a look or for a person. */
const tasks = Number(values.tasks ?? Math.ceil(hosts * capacity * 1.5));
const progress = (line: string) => console.error(line);

const folder = await mkdtemp(join(tmpdir(), 'outlive-soak-'));
progress(`seed ${seed}, ${seconds} s, ${hosts} hosts of ${capacity} seats, ${tasks} tasks at once; everything is in ${folder}`);
const { atEnd, exit } = endings();
atEnd(async () => values.keep || rm(folder, { recursive: true, force: true }));
try {
  const report = await measure(await startFleet({ folder, hosts, capacity, progress, atEnd }));
  if (values.json) console.log(JSON.stringify(report));
  else printReport(report);
  await exit(isClean(report) ? 0 : 1);
} catch (error) {
  console.error(error);
  await exit(1);
}

async function measure(fleet: Fleet): Promise<Report> {
  const forMs = seconds * 1000;
  const record = join(folder, 'agents.jsonl');
  const random = randomFrom(seed + 1);
  const soaked = await soak({
    fleet,
    plan: planFaults(seed, forMs, LEASE_MS),
    forMs,
    tasks,
    work: (n) => workOf(n, random, { repo: fleet.originUrl, record }),
    progress,
  });
  const takenUp: TakenUp[] = [];
  for (const { work } of soaked.ends) takenUp.push(...(await takenUpIn(fleet.client, work.id)));
  const leftOver = await fleet.endWorkers();
  const absencesOf = (id: string) => fleet.hosts.find((host) => host.id === id)?.worker.absences ?? [];
  return reportOf({
    seed,
    seconds,
    soaked,
    verdict: verdictOf(fleet.origin, soaked.ends, startsOf(record)),
    leftOver,
    absences: [fleet.control, ...fleet.hosts.map(({ worker }) => worker)].flatMap((worker) => worker.absences),
    reattaches: takenUp.length,
    delays: delaysOf(takenUp, absencesOf),
  });
}
