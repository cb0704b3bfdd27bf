// Which version of a program is on this host: asked once for each file, because a program may take seconds to say it.

import { realpath, stat } from 'node:fs/promises';
import { execa } from 'execa';
import { findProgram } from './find-program.ts';

const PATIENCE_MS = 30_000;
const asked = new Map<string, Promise<string | undefined>>();

/** The first number with dots that `argv` prints; undefined where that is none, or the program is not there. Never rejects. */
export async function programVersion(
  argv: readonly string[],
  env: Readonly<Record<string, string>>,
  cwd: string,
): Promise<string | undefined> {
  const [program = '', ...args] = argv;
  try {
    const file = await realpath(findProgram(program, env['PATH'], cwd));
    const { mtimeMs } = await stat(file);
    const key = `${file} ${mtimeMs}`;
    const answer = asked.get(key) ?? ask(file, args, env);
    asked.set(key, answer);
    return await answer;
  } catch {
    return undefined;
  }
}

async function ask(file: string, args: readonly string[], env: Readonly<Record<string, string>>): Promise<string | undefined> {
  const { stdout } = await execa(file, args, { env, extendEnv: false, stdin: 'ignore', timeout: PATIENCE_MS, reject: false });
  return /\d+(?:\.\d+)+(?:-[\w.]+)?/.exec(`${stdout}`)?.[0];
}
