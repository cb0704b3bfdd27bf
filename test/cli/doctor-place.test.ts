import { describe, expect, it } from 'vitest';
import { type PlaceFacts, placeFindings, placeOf } from '../../src/cli/doctor-place.ts';
import { placeFacts } from '../../src/cli/doctor-place-facts.ts';

// /proc/self/cgroup under both versions of cgroups, and in containers.
const GROUPS = {
  service: '0::/system.slice/outlive-worker.service\n',
  serviceV1: '12:memory:/system.slice/cron.service\n1:name=systemd:/system.slice/cron.service\n0::/\n',
  partOfService: '0::/system.slice/outlive-worker.service/runs\n',
  session: '0::/user.slice/user-1000.slice/session-3.scope\n',
  tmux: '0::/user.slice/user-1000.slice/user@1000.service/tmux-spawn-2b1c.scope\n',
  userService: '0::/user.slice/user-1000.slice/user@1000.service/app.slice/outlive-worker.service\n',
  docker: '12:memory:/docker/6f1d2ac3bb01\n1:name=systemd:/docker/6f1d2ac3bb01\n',
  dockerScope: '0::/system.slice/docker-6f1d2ac3bb0145de.scope\n',
  kubernetes: '0::/kubepods.slice/kubepods-burstable.slice/cri-containerd-0a1b2c3d4e5f60.scope\n',
  lxc: '0::/lxc.payload.build/system.slice/outlive-worker.service\n',
  plain: '0::/\n',
};
/** As `systemctl show` of systemd 252 prints it, the blocks of several units with an empty line between them. */
const unit = (name: string, killMode: string, pid = 0): string => `MainPID=${pid}\nKillMode=${killMode}\nId=${name}\n`;

const MACHINE: PlaceFacts = {
  uid: 1000,
  cgroup: GROUPS.plain,
  mounts: 'proc /proc proc rw,nosuid,nodev,noexec,relatime 0 0\ntmpfs /tmp tmpfs rw 0 0\n',
  init: 'systemd',
  containerMarks: [],
  systemUnits: '',
  userUnits: '',
  login: 'Linger=no\nKillUserProcesses=no\n',
  oomCounter: '/proc/vmstat',
  oomScoreError: '',
};

const SURVIVES = 'runs survive a restart of their worker';
const MIXED = 'KillMode=mixed: a stop or restart of the unit ends the runs with the worker, as host.evicted';
const GROUP = 'KillMode=control-group: a stop or restart of the unit ends the runs with the worker, as host.evicted';
const SET_KILL_MODE = 'Set KillMode=process, as in deploy/outlive-worker.service.';
const AS_SERVICE = 'Run the worker as a service of the system: deploy/outlive-worker.service.';
const NO_LINGER = (linger: string) =>
  `the manager of this user ends with the last log-out (Linger=${linger}), and the runs with it, as host.evicted`;

/** The findings about the place and the units, as `name: state, found → todo`. */
function saysOf(facts: Partial<PlaceFacts>): string[] {
  return placeFindings({ ...MACHINE, ...facts })
    .slice(0, -3)
    .map(({ name, state, found, todo }) => `${name}: ${state}, ${found}${todo ? ` → ${todo}` : ''}`);
}

describe('the place of a worker', () => {
  it.each<[string, Partial<PlaceFacts>, string]>([
    ['a machine that ends nothing', {}, `place: ok, ${SURVIVES}`],
    ['a machine without systemd', { init: 'init', cgroup: '', login: '' }, `place: ok, ${SURVIVES}`],
    ['a machine that hides process 1', { init: '' }, `place: ok, ${SURVIVES}`],
    [
      'a unit that ends its worker alone',
      { cgroup: GROUPS.service, systemUnits: unit('outlive-worker.service', 'process', 812) },
      `place: ok, in outlive-worker.service, pid 812, KillMode=process: ${SURVIVES}`,
    ],
    [
      'a unit that ends everything at once',
      { cgroup: GROUPS.serviceV1, systemUnits: unit('cron.service', 'control-group') },
      `place: warn, in cron.service, ${GROUP} → ${SET_KILL_MODE}`,
    ],
    [
      'a group below a unit that ends its worker first',
      { cgroup: GROUPS.partOfService, systemUnits: unit('outlive-worker.service', 'mixed') },
      `place: warn, in outlive-worker.service, ${MIXED} → ${SET_KILL_MODE}`,
    ],
    [
      'a unit that nobody tells anything about',
      { cgroup: GROUPS.service },
      `place: warn, in outlive-worker.service, systemctl does not tell its KillMode, so nobody knows whether runs survive a restart → ${SET_KILL_MODE}`,
    ],
    [
      'a unit of a user who does not linger',
      { cgroup: GROUPS.userService, userUnits: unit('outlive-worker.service', 'process') },
      `place: warn, in outlive-worker.service, ${NO_LINGER('no')} → Let it linger: loginctl enable-linger. Or: ${AS_SERVICE}`,
    ],
    [
      'a unit of a user who lingers',
      { cgroup: GROUPS.userService, userUnits: unit('outlive-worker.service', 'process'), login: 'Linger=yes\n' },
      `place: ok, in outlive-worker.service, KillMode=process: ${SURVIVES}`,
    ],
    [
      'a terminal of a user who lingers',
      { cgroup: GROUPS.tmux, login: 'Linger=yes\n' },
      `place: ok, the manager of a user who lingers: ${SURVIVES}`,
    ],
    [
      'a terminal of a user of whom nobody tells it',
      { cgroup: GROUPS.tmux, login: '\n' },
      `place: warn, ${NO_LINGER('unknown')} → Let it linger: loginctl enable-linger. Or: ${AS_SERVICE}`,
    ],
    ['a session that ends nothing', { cgroup: GROUPS.session }, `place: ok, a login session: ${SURVIVES}, and the log-out`],
    [
      'a session that ends everything',
      { cgroup: GROUPS.session, login: 'Linger=no\nKillUserProcesses=yes\n' },
      `place: warn, a login session: a log-out ends the runs with the worker, as host.evicted (KillUserProcesses=yes) → ${AS_SERVICE}`,
    ],
    [
      'the session of root, whom logind spares',
      { cgroup: GROUPS.session, uid: 0, login: 'KillUserProcesses=yes\n' },
      `place: ok, a login session: ${SURVIVES}, and the log-out`,
    ],
  ])('is %s', (_, facts, says) => {
    expect(saysOf(facts)).toEqual([says]);
  });

  it.each<[string, Partial<PlaceFacts>, string]>([
    ['its files', { containerMarks: ['/.dockerenv'] }, '/.dockerenv'],
    ['its cgroup under version 1', { cgroup: GROUPS.docker }, 'cgroup docker'],
    ['its cgroup under version 2', { cgroup: GROUPS.dockerScope }, 'cgroup docker-6f1d2ac3bb01'],
    ['its pod', { cgroup: GROUPS.kubernetes }, 'cgroup kubepods'],
    ['its process 1', { init: 'tini' }, 'process 1 is tini'],
    ['all of them', { cgroup: GROUPS.lxc, init: 'node', containerMarks: ['lxc'] }, 'lxc, cgroup lxc.payload, process 1 is node'],
  ])('is a container, known by %s', (_, facts, because) => {
    const todo = 'A run ends with its container, as host.evicted, and goes on from its bank. Keep the state folder in a volume.';
    expect(saysOf(facts)).toEqual([`place: warn, a container (${because}) → ${todo}`]);
  });

  it.each(['0::/system.slice/docker.service\n', '0::/system.slice/containerd.service\n'])('is no container for the name %j', (cgroup) => {
    expect(placeOf({ ...MACHINE, cgroup })).toMatchObject({ kind: 'service', of: 'system' });
  });
});

describe('the units of workers', () => {
  it('are judged each by itself, from wherever the doctor is called', () => {
    const systemUnits = [
      unit('outlive-mixed.service', 'mixed', 31),
      unit('outlive-worker.service', 'process', 32),
      unit('outlive-none.service', 'none'),
    ].join('\n');
    expect(saysOf({ cgroup: GROUPS.session, systemUnits, userUnits: unit('outlive-desk.service', 'process', 40) }).slice(1)).toEqual([
      `outlive-mixed.service: warn, pid 31, ${MIXED} → ${SET_KILL_MODE}`,
      `outlive-worker.service: ok, pid 32, KillMode=process: ${SURVIVES}`,
      `outlive-none.service: warn, KillMode=none: a stop of the unit tells nobody to end, not even the worker → ${SET_KILL_MODE}`,
      `outlive-desk.service: warn, pid 40, ${NO_LINGER('no')} → Let it linger: loginctl enable-linger. Or: ${AS_SERVICE}`,
    ]);
  });

  it('are not told twice where the doctor is called in one of them', () => {
    const systemUnits = `${unit('outlive-worker.service', 'process')}\n${unit('outlive-other.service', 'process')}`;
    expect(placeFindings({ ...MACHINE, cgroup: GROUPS.service, systemUnits }).map(({ name }) => name)).toEqual([
      'place',
      'outlive-other.service',
      'processes',
      'memory',
      'oom_score_adj',
    ]);
  });
});

describe('what can be seen of runs', () => {
  const stateOf = (name: string, facts: Partial<PlaceFacts>) =>
    placeFindings({ ...MACHINE, ...facts }).find((finding) => finding.name === name);
  const hides = (value: string): string => `proc /proc proc rw,nosuid,hidepid=${value},gid=4 0 0\n`;

  it.each<[string, Partial<PlaceFacts>, 'ok' | 'warn']>([
    ['all processes', {}, 'ok'],
    ['all processes, said so', { mounts: hides('off') }, 'ok'],
    ['its own alone', { mounts: hides('2') }, 'warn'],
    ['its own alone, by the newer word', { mounts: hides('invisible') }, 'warn'],
    ['all, because it is root', { mounts: hides('invisible'), uid: 0 }, 'ok'],
  ])('a user who sees %s', (_, facts, state) => {
    expect(stateOf('processes', facts)?.state).toBe(state);
  });

  it('says where kills for lack of memory are counted, and what it means where they are not', () => {
    expect(stateOf('memory', {})).toMatchObject({ state: 'ok', found: expect.stringContaining('/proc/vmstat') });
    expect(stateOf('memory', { oomCounter: '' })).toMatchObject({
      state: 'warn',
      todo: expect.stringContaining('host.killed instead of host.out_of_memory'),
    });
  });

  it('says whether an agent can be made to die before its supervisor', () => {
    expect(stateOf('oom_score_adj', {})?.state).toBe('ok');
    expect(stateOf('oom_score_adj', { oomScoreError: 'EROFS' })).toMatchObject({ state: 'warn', found: 'cannot be written (EROFS)' });
  });
});

describe('reading this very place', () => {
  it.runIf(process.platform === 'linux')('comes to an end, also where no program is there to ask', async () => {
    const facts = await placeFacts({ PATH: '/nonexistent' });
    expect(facts).toMatchObject({ systemUnits: '', userUnits: '', login: '\n', cgroup: expect.stringMatching(/^\d+:/) });
    expect(placeFindings(facts ?? MACHINE).length).toBeGreaterThanOrEqual(4);
  });

  it.runIf(process.platform === 'linux')('knows a pod by its variable', async () => {
    expect((await placeFacts({ PATH: '/nonexistent', KUBERNETES_SERVICE_HOST: '10.0.0.1' }))?.containerMarks).toContain(
      'KUBERNETES_SERVICE_HOST',
    );
  });
});
