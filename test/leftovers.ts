// Tests work in a temporary folder of this run of vitest. After all of them, no process may be alive there (an agent, its
// supervisor, a git or a check of a dead worker) and no folder may be left: what a test leaves on a developer's machine,
// the product may leave on a host.

import { mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { MARK_VARIABLE } from '../src/host/process-tree.ts';

/** A process that was told to end in the last test gets that long for it. */
const GRACE_MS = 3000;

interface LeftProcess {
  readonly pid: number;
  readonly command: string;
}

export function setup(): () => Promise<void> {
  const before = process.env['TMPDIR'];
  const folder = mkdtempSync(join(tmpdir(), 'outlive-tests-'));
  // The forks that run the tests inherit it, and os.tmpdir() reads it.
  process.env['TMPDIR'] = folder;
  return async () => {
    if (before === undefined) delete process.env['TMPDIR'];
    else process.env['TMPDIR'] = before;
    const processes = await processesThatStay(folder);
    for (const { pid } of processes) process.kill(pid, 'SIGKILL');
    const complaints = [...processes.map(({ pid, command }) => `process ${pid}: ${command}`), ...leftFolders(folder)];
    rmSync(folder, { recursive: true, force: true });
    if (complaints.length === 0) return;
    // Vitest prints what a teardown throws, and ends with 0 all the same.
    process.exitCode = 1;
    throw new Error(`Tests left something behind. End it or remove it in the test that made it.\n${complaints.join('\n')}`);
  };
}

async function processesThatStay(folder: string): Promise<LeftProcess[]> {
  const until = performance.now() + GRACE_MS;
  for (;;) {
    const left = leftProcesses(folder);
    if (left.length === 0 || performance.now() > until) return left;
    await sleep(50);
  }
}

/** For a test that kills workers: their runs live on, as they should. Resolves once nobody works in the folder any more. */
export async function endWhatLivesOn(folder: string): Promise<void> {
  for (let left = leftProcesses(folder); left.length > 0; left = leftProcesses(folder)) {
    for (const { pid } of left) read(() => String(process.kill(pid, 'SIGKILL')));
    await sleep(20);
  }
}

/** Whoever works in the folder, and whoever bears the mark of a run in it. Those of another run of vitest on this machine are not ours. */
function leftProcesses(folder: string): LeftProcess[] {
  const isInside = (path: string) => path === folder || path.startsWith(`${folder}/`);
  return processIds()
    .filter((pid) => isInside(read(() => readlinkSync(`/proc/${pid}/cwd`))) || isInside(markOf(pid)))
    .map((pid) => ({ pid: Number(pid), command: read(() => readFileSync(`/proc/${pid}/cmdline`, 'utf8')).replaceAll('\0', ' ') }));
}

/** A run's mark is the path of its folder. */
function markOf(pid: string): string {
  const variable = `${MARK_VARIABLE}=`;
  const environment = read(() => readFileSync(`/proc/${pid}/environ`, 'utf8')).split('\0');
  return environment.find((entry) => entry.startsWith(variable))?.slice(variable.length) ?? '';
}

/** Only what is named after Outlive: tools keep caches of their own in a temporary folder. */
function leftFolders(folder: string): string[] {
  return readdirSync(folder)
    .filter((name) => name.startsWith('outlive'))
    .map((name) => `folder ${join(folder, name)}`);
}

function processIds(): string[] {
  return read(() =>
    readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .join(' '),
  )
    .split(' ')
    .filter(Boolean);
}

/** Processes end while they are looked at, and macOS has no /proc: then there is nothing to see. */
function read(look: () => string): string {
  try {
    return look();
  } catch {
    return '';
  }
}
