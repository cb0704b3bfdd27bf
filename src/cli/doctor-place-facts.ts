// Reads what tells the kind of this place. Whatever is not there reads as nothing.

import { access, readFile, writeFile } from 'node:fs/promises';
import { execa } from 'execa';
import { oomCounters } from '../host/oom-kills.ts';
import { type PlaceFacts, placeOf } from './doctor-place.ts';

const CONTAINER_FILES = ['/.dockerenv', '/run/.containerenv'];
const ASK_MS = 5000;

/** undefined where there is no /proc to read: on macOS. */
export async function placeFacts(env: NodeJS.ProcessEnv): Promise<PlaceFacts | undefined> {
  if (process.platform !== 'linux') return undefined;
  const [cgroup, mounts, init, containerMarks] = await Promise.all([
    read('/proc/self/cgroup'),
    read('/proc/self/mounts'),
    read('/proc/1/comm'),
    marksOfContainer(env),
  ]);
  const here = placeOf({ cgroup, init, containerMarks });
  const units = ['show', '--property=Id,KillMode,MainPID', '--', 'outlive*.service', ...(here.kind === 'service' ? [here.unit] : [])];
  const uid = process.getuid?.() ?? 0;
  const [systemUnits, userUnits, user, manager] = await Promise.all([
    ask('systemctl', units, env),
    ask('systemctl', ['--user', ...units], env),
    ask('loginctl', ['show-user', '--property=Linger', String(uid)], env),
    ask('loginctl', ['show-user', '--property=KillUserProcesses'], env),
  ]);
  const login = `${user}\n${manager}`;
  const [oomCounter = ''] = oomCounters();
  const oomScoreError = await whyUnwritable('/proc/self/oom_score_adj');
  return { uid, cgroup, mounts, init: init.trim(), containerMarks, systemUnits, userUnits, login, oomCounter, oomScoreError };
}

async function marksOfContainer(env: NodeJS.ProcessEnv): Promise<readonly string[]> {
  const files = await Promise.all(
    CONTAINER_FILES.map((file) =>
      access(file).then(
        () => [file],
        () => [],
      ),
    ),
  );
  // A system container: systemd writes down there what it found itself in.
  const kind = (await read('/run/systemd/container')).trim();
  return [
    ...files.flat(),
    ...(kind && kind !== 'wsl' ? [kind] : []),
    ...(env['KUBERNETES_SERVICE_HOST'] ? ['KUBERNETES_SERVICE_HOST'] : []),
  ];
}

const read = (file: string): Promise<string> => readFile(file, 'utf8').catch(() => '');

async function ask(program: string, args: readonly string[], env: NodeJS.ProcessEnv): Promise<string> {
  const said = await execa(program, args, { env, extendEnv: false, reject: false, timeout: ASK_MS, stdin: 'ignore' });
  return said.failed ? '' : said.stdout;
}

/** Writes what stands there already: that changes nothing, and is refused like any other value. */
async function whyUnwritable(file: string): Promise<string> {
  try {
    await writeFile(file, await readFile(file));
    return '';
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? String(error);
  }
}
