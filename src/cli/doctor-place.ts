// Which kind of place this is: do runs survive their worker here, and can it be seen what becomes of them? A run has a
// supervisor of its own, so it does not end with its worker; but a service manager, a log-out or the end of a container
// may end both. Pure: what was read goes in, findings come out.

import type { Finding } from './doctor-machine.ts';

/** What was read, as text; empty where there is nothing, or it cannot be read. */
export interface PlaceFacts {
  readonly uid: number;
  /** /proc/self/cgroup */
  readonly cgroup: string;
  /** /proc/self/mounts */
  readonly mounts: string;
  /** The name of process 1. */
  readonly init: string;
  /** Files and variables that only a container has. */
  readonly containerMarks: readonly string[];
  /** `systemctl show` of every outlive*.service and of the unit that this process is in. */
  readonly systemUnits: string;
  /** The same of `systemctl --user`. */
  readonly userUnits: string;
  /** `loginctl show-user`: the user's Linger, and the manager's KillUserProcesses. */
  readonly login: string;
  /** The file in which the kernel counts its kills for lack of memory. */
  readonly oomCounter: string;
  /** The code of the error where a process may not write its own oom_score_adj. */
  readonly oomScoreError: string;
}

type Judgement = Omit<Finding, 'name'>;

const SURVIVES = 'runs survive a restart of their worker';
const AS_SERVICE = 'Run the worker as a service of the system: deploy/outlive-worker.service.';
const KILL_MODE = 'Set KillMode=process, as in deploy/outlive-worker.service.';

/** What a stop of a unit ends beside the worker, by its KillMode. */
const KILL_MODES: Readonly<Record<string, Judgement>> = {
  process: { state: 'ok', found: `KillMode=process: ${SURVIVES}` },
  mixed: endsRuns('mixed'),
  'control-group': endsRuns('control-group'),
  none: { state: 'warn', found: 'KillMode=none: a stop of the unit tells nobody to end, not even the worker', todo: KILL_MODE },
};

function endsRuns(mode: string): Judgement {
  const found = `KillMode=${mode}: a stop or restart of the unit ends the runs with the worker, as host.evicted`;
  return { state: 'warn', found, todo: KILL_MODE };
}

/** Who ends processes at this place. `of` says whose service manager: that of the system, or that of the user. */
export type Place =
  | { readonly kind: 'container'; readonly because: string }
  | { readonly kind: 'service'; readonly unit: string; readonly of: 'system' | 'user' }
  | { readonly kind: 'user_manager' }
  | { readonly kind: 'login' }
  | { readonly kind: 'machine' };

export function placeFindings(facts: PlaceFacts): readonly Finding[] {
  const here = placeOf(facts);
  const ownUnit = here.kind === 'service' ? here.unit : undefined;
  const workers = unitsOf(facts).filter(({ name }) => name.startsWith('outlive') && name !== ownUnit);
  return [
    { name: 'place', ...judge(here, facts) },
    // A worker that is a service lives where its unit says, wherever the doctor was called.
    ...workers.map((unit) => ({ name: unit.name, ...judgeUnit(unit, facts) })),
    { name: 'processes', ...processes(facts) },
    { name: 'memory', ...oomKills(facts) },
    { name: 'oom_score_adj', ...oomScore(facts) },
  ];
}

/** Where a worker would live that is started from here. */
export function placeOf({ cgroup, init, containerMarks }: Pick<PlaceFacts, 'cgroup' | 'init' | 'containerMarks'>): Place {
  const word = CONTAINER_GROUP.exec(cgroup)?.[0];
  const marks = [...containerMarks, ...(word ? [`cgroup ${word}`] : []), ...(init && !INITS.has(init) ? [`process 1 is ${init}`] : [])];
  if (marks.length > 0) return { kind: 'container', because: marks.join(', ') };
  const path = groupPath(cgroup).split('/');
  const manager = path.findIndex((part) => /^user@\d+\.service$/.test(part));
  const unit = path.slice(manager + 1).findLast((part) => part.endsWith('.service'));
  if (unit !== undefined) return { kind: 'service', unit, of: manager < 0 ? 'system' : 'user' };
  if (manager >= 0) return { kind: 'user_manager' };
  return { kind: path.some((part) => /^session-\w+\.scope$/.test(part)) ? 'login' : 'machine' };
}

/** Names of cgroups that Docker, Podman, Kubernetes and LXC give. */
const CONTAINER_GROUP = /\b(?:docker|libpod|cri-containerd|crio)-[0-9a-f]{12}|(?<=\/)(?:docker|lxc)(?=\/)|\bkubepods\b|\blxc\.payload\b/;
const INITS: ReadonlySet<string> = new Set(['systemd', 'init', 'runit', 's6-svscan', 'openrc-init', 'dinit', 'procd', 'shepherd']);

/** systemd's own hierarchy where version 1 has one, else the one of version 2. */
const groupPath = (cgroup: string): string => (/^\d+:name=systemd:(.*)$/m.exec(cgroup) ?? /^0::(.*)$/m.exec(cgroup))?.[1] ?? '';

function judge(here: Place, facts: PlaceFacts): Judgement {
  switch (here.kind) {
    case 'container': {
      const todo = 'A run ends with its container, as host.evicted, and goes on from its bank. Keep the state folder in a volume.';
      return { state: 'warn', found: `a container (${here.because})`, todo };
    }
    case 'service': {
      const unit = unitsOf(facts).find(({ name, of }) => name === here.unit && of === here.of);
      const judgement = judgeUnit(unit ?? { name: here.unit, of: here.of }, facts);
      return { ...judgement, found: `in ${here.unit}, ${judgement.found}` };
    }
    case 'user_manager':
      return judgeLingering(facts) ?? { state: 'ok', found: `the manager of a user who lingers: ${SURVIVES}` };
    case 'login':
      return judgeLogin(facts);
    case 'machine':
      return { state: 'ok', found: SURVIVES };
  }
}

interface Unit {
  readonly name: string;
  readonly of: 'system' | 'user';
  readonly killMode?: string | undefined;
  readonly mainPid?: string | undefined;
}

function unitsOf({ systemUnits, userUnits }: PlaceFacts): readonly Unit[] {
  const read = (text: string, of: Unit['of']): Unit[] =>
    text.split(/\n\s*\n/).flatMap((block) => {
      const name = property(block, 'Id');
      return name === undefined ? [] : [{ name, of, killMode: property(block, 'KillMode'), mainPid: property(block, 'MainPID') }];
    });
  return [...read(systemUnits, 'system'), ...read(userUnits, 'user')];
}

const property = (text: string, name: string): string | undefined => new RegExp(`^${name}=(.+)$`, 'm').exec(text)?.[1];

function judgeUnit({ of, killMode = 'unknown', mainPid = '0' }: Unit, facts: PlaceFacts): Judgement {
  const judgement = KILL_MODES[killMode] ?? {
    state: 'warn',
    found: `systemctl does not tell its KillMode, so nobody knows whether runs survive a restart`,
    todo: KILL_MODE,
  };
  const lingering = of === 'user' && judgement.state === 'ok' ? judgeLingering(facts) : undefined;
  const told = lingering ?? judgement;
  return mainPid === '0' ? told : { ...told, found: `pid ${mainPid}, ${told.found}` };
}

/** undefined where the user's manager outlives the sessions of the user. */
function judgeLingering({ login }: PlaceFacts): Judgement | undefined {
  const linger = property(login, 'Linger') ?? 'unknown';
  if (linger === 'yes') return undefined;
  const found = `the manager of this user ends with the last log-out (Linger=${linger}), and the runs with it, as host.evicted`;
  return { state: 'warn', found, todo: `Let it linger: loginctl enable-linger. Or: ${AS_SERVICE}` };
}

function judgeLogin({ uid, login }: PlaceFacts): Judgement {
  const kills = property(login, 'KillUserProcesses') ?? 'unknown';
  // logind spares root unless told otherwise.
  if (uid === 0 || kills === 'no') return { state: 'ok', found: `a login session: ${SURVIVES}, and the log-out` };
  const found = `a login session: a log-out ends the runs with the worker, as host.evicted (KillUserProcesses=${kills})`;
  return { state: 'warn', found, todo: AS_SERVICE };
}

function processes({ uid, mounts }: PlaceFacts): Judgement {
  const options = /^\S+ \/proc proc (\S+)/m.exec(mounts)?.[1] ?? '';
  const hidden = /(?:^|,)hidepid=([^,]+)/.exec(options)?.[1] ?? '0';
  if (uid === 0 || hidden === '0' || hidden === 'off') return { state: 'ok', found: 'all can be seen, so all of a run can be ended' };
  const todo =
    'What an agent starts as another user is not ended with its run: let no agent change its user, or mount /proc without hidepid.';
  return { state: 'warn', found: `those of other users are hidden (hidepid=${hidden})`, todo };
}

function oomKills({ oomCounter }: PlaceFacts): Judgement {
  if (oomCounter) return { state: 'ok', found: `kills for lack of it are counted in ${oomCounter}` };
  const todo = 'A run that the kernel killed for it ends as host.killed instead of host.out_of_memory, and may be tried here again.';
  return { state: 'warn', found: 'kills for lack of it cannot be told from others: no counter of the kernel can be read', todo };
}

function oomScore({ oomScoreError }: PlaceFacts): Judgement {
  if (!oomScoreError) return { state: 'ok', found: 'can be raised: where memory runs out, an agent dies before its supervisor' };
  const todo =
    'Where memory runs out, the kernel may kill a supervisor or the worker before the agent: give the agents a limit of their own.';
  return { state: 'warn', found: `cannot be written (${oomScoreError})`, todo };
}
