// Is this host fit for runs? What it can find out by itself, for free: space, memory, git, a process that starts, and the
// programs that its runs of late needed.

import { readFileSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { freemem } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { saySize } from '../domain/size.ts';
import { findProgram } from './find-program.ts';
import { freeSpace } from './free-space.ts';

export interface SelfTested {
  readonly ok: boolean;
  /** One line: what is wrong, or what was found. */
  readonly evidence: string;
}

export interface SelfTest {
  /** The host's state folder. */
  readonly state: string;
  /** Space that has to stay free there, in bytes. */
  readonly floor: number;
  readonly path: string | undefined;
  /** What its runs were started with. */
  readonly programs: readonly string[];
}

const PATIENCE_MS = 15_000;
const PROBE_BYTES = 1024 * 1024;
/** Below it nothing that is called an agent starts. */
const MEMORY_FLOOR = 128 * 1024 * 1024;

/** Never throws. */
export async function selfTest(test: SelfTest): Promise<SelfTested> {
  try {
    const found = [await ofDisk(test), ofMemory(), await ofGit(test), ofPrograms(test)];
    return { ok: true, evidence: found.join(', ') };
  } catch (error) {
    return { ok: false, evidence: (error as Error).message };
  }
}

async function ofDisk({ state, floor }: SelfTest): Promise<string> {
  const file = join(state, `self-test-${process.pid}`);
  try {
    await writeFile(file, Buffer.alloc(PROBE_BYTES), { flush: true });
  } catch (error) {
    throw new Error(`disk: a file cannot be written in ${state} (${(error as NodeJS.ErrnoException).code ?? 'error'})`);
  } finally {
    await rm(file, { force: true }).catch(() => undefined);
  }
  const free = freeSpace(state);
  if (free < floor) throw new Error(`disk: ${saySize(free)} free, and ${saySize(floor)} are to stay so (retention.free)`);
  return `disk ${saySize(free)} free`;
}

function ofMemory(): string {
  const free = availableMemory();
  if (free < MEMORY_FLOOR) throw new Error(`memory: ${saySize(free)} available, and less than ${saySize(MEMORY_FLOOR)} starts no agent`);
  return `memory ${saySize(free)} available`;
}

/** What can be had without swapping: on Linux more than what is unused. */
function availableMemory(): number {
  try {
    const [, kib] = /^MemAvailable:\s+(\d+) kB/m.exec(readFileSync('/proc/meminfo', 'utf8')) ?? [];
    return kib === undefined ? freemem() : Number(kib) * 1024;
  } catch {
    return freemem();
  }
}

async function ofGit({ path }: SelfTest): Promise<string> {
  const { exitCode, stdout } = await execa('git', ['--version'], {
    reject: false,
    extendEnv: false,
    env: { PATH: path },
    timeout: PATIENCE_MS,
  });
  if (exitCode !== 0) throw new Error(`git: it ${exitCode === undefined ? 'could not be started' : `ended with ${exitCode}`}`);
  return String(stdout).trim();
}

function ofPrograms({ programs, path }: SelfTest): string {
  for (const program of programs) {
    try {
      findProgram(program, path, process.cwd());
    } catch {
      throw new Error(`program: ${program}, which runs here were started with, is not there`);
    }
  }
  return programs.length === 0 ? 'no program of a run to look for' : `${programs.join(', ')} there`;
}
