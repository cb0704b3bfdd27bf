// What each fault does to a fleet. A fault that meets nothing (nobody is at work there, the worker is away already) does
// nothing, and is on record as one that met nothing.

import type { Fleet, Host, LivingRun } from './fleet.ts';
import type { Fault, Planned } from './plan.ts';
import { kill, processesUnder } from './processes.ts';

/** What was met, and when that is over. */
interface Met {
  readonly what: string;
  readonly over?: Promise<void>;
}

export interface FaultMet extends Planned {
  /** Left out where it met nothing. */
  readonly what?: string;
}

/** Carries it out; resolves with what it met, and tells `whileAway` of what lasts longer. */
export async function carryOut(fleet: Fleet, planned: Planned, whileAway: (over: Promise<void>) => void): Promise<FaultMet> {
  const met = await DO[planned.fault](fleet, planned);
  if (met?.over) whileAway(met.over);
  return met ? { ...planned, what: met.what } : planned;
}

type Doing = (fleet: Fleet, planned: Planned) => Promise<Met | undefined>;

const DO: Readonly<Record<Fault, Doing>> = {
  worker_killed: onWorker((host, forMs) => host.worker.end('SIGKILL', forMs)),
  worker_stopped: onWorker((host, forMs) => host.worker.end('SIGTERM', forMs)),
  worker_frozen: onWorker((host, forMs) => host.worker.freeze(forMs)),
  host_killed: onWorker((host, forMs) => {
    const gone = host.worker.end('SIGKILL', forMs);
    // A supervisor starts nothing by itself, but an agent may have started something while the list was made.
    for (let sweep = 0; sweep < 2; sweep += 1) for (const found of processesUnder(host.state)) kill(found);
    return gone;
  }),
  control_killed: async ({ control }, { lastsMs }) =>
    control.isUp() ? { what: 'control', over: control.end('SIGKILL', lastsMs) } : undefined,
  supervisor_killed: onRun(({ supervisor }) => kill(supervisor)),
  agent_killed: onRun(({ agent }) => kill(agent)),
  agent_group_killed: onRun(({ agent }) => kill(agent, 'group')),
  server_stopped: async (fleet, { lastsMs }) => lasting('server', fleet.stopServer(lastsMs)),
  origin_gone: async (fleet, { lastsMs }) => lasting('origin', fleet.hideOrigin(lastsMs)),
};

function onWorker(act: (host: Host, forMs: number) => Promise<void>): Doing {
  return async ({ hosts }, { where, lastsMs }) => {
    const up = hosts.filter(({ worker }) => worker.isUp());
    const host = pick(up, where);
    return host && { what: host.id, over: act(host, lastsMs) };
  };
}

function onRun(act: (run: LivingRun) => boolean): Doing {
  return async (fleet, { where }) => {
    const living = (await Promise.all(fleet.hosts.map((host) => fleet.livingRuns(host)))).flat();
    const run = pick(living, where);
    return run && act(run) ? { what: run.name } : undefined;
  };
}

const pick = <T>(all: readonly T[], where: number): T | undefined => all[Math.floor(where * all.length)];
const lasting = (what: string, over: Promise<void> | undefined): Met | undefined => over && { what, over };
