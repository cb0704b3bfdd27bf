// What stands at the origin, and when it came there.

import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { taskBranch } from '../../src/domain/names.ts';
import { STEPS_FILE } from './workload.ts';

/** A ref took this value; `at` in epoch ms, to the second. */
interface Move {
  readonly ref: string;
  readonly head: string;
  readonly at: number;
}

/** The task's branch. `moves`: how often anything was pushed there. */
export interface Published {
  readonly content: string;
  readonly commits: number;
  readonly moves: number;
}

/** Undefined where there is no such branch. */
export function publishedOf(origin: string, task: string): Published | undefined {
  const branch = taskBranch(task);
  if (git(origin, 'rev-parse', '--verify', '--quiet', `refs/heads/${branch}`) === undefined) return undefined;
  return {
    content: git(origin, 'show', `${branch}:${STEPS_FILE}`) ?? '',
    commits: Number(git(origin, 'rev-list', '--count', `main..${branch}`)),
    moves: movesOf(origin, `refs/heads/${branch}`).length,
  };
}

/** Commits of the task that were kept at the origin before `at`: the most that any of the runs before `run` had banked. */
export function bankedBefore(origin: string, task: string, run: number, at: number): number {
  const folder = `refs/outlive/${task}`;
  const logs = join(origin, 'logs', folder);
  const refs = existsSync(logs) ? readdirSync(logs).filter((name) => !name.endsWith('-wip')) : [];
  const counts = refs
    .filter((name) => Number(/^run-(\d+)-/.exec(name)?.[1]) < run)
    // The log knows whole seconds.
    .flatMap(
      (name) =>
        movesOf(origin, `${folder}/${name}`)
          .filter((move) => move.at + 1000 <= at)
          .at(-1) ?? [],
    )
    .map(({ head }) => Number(git(origin, 'rev-list', '--count', `main..${head}`)));
  return Math.max(0, ...counts);
}

function movesOf(origin: string, ref: string): Move[] {
  const log = join(origin, 'logs', ref);
  if (!existsSync(log)) return [];
  return readFileSync(log, 'utf8')
    .split('\n')
    .flatMap((line) => {
      const [, head, seconds] = /^\w+ (\w+) .*> (\d+) /.exec(line) ?? [];
      return head && seconds ? [{ ref, head, at: Number(seconds) * 1000 }] : [];
    });
}

function git(origin: string, ...args: readonly string[]): string | undefined {
  try {
    return execFileSync('git', ['--git-dir', origin, ...args], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  } catch {
    return undefined;
  }
}
