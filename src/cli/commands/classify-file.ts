import { createReadStream } from 'node:fs';
import { CliError, EXIT, type ExitCode } from '../errors.ts';
import { registered } from '../read-spec.ts';
import type { Screen } from '../screen.ts';
import { classifyStream } from './classify.ts';

/** JSON lines in, JSON lines out, with and without `--json`; exit 1 where a line could not be read. */
export async function classifyFile(file: string, screen: Screen): Promise<ExitCode> {
  const { agents } = await registered(screen);
  const input = file === '-' ? screen.stdin : createReadStream(file);
  try {
    const { bad } = await classifyStream(input, screen.stdout, agents);
    return bad > 0 ? EXIT.notSo : EXIT.ok;
  } catch (error) {
    const { code, syscall, message } = error as NodeJS.ErrnoException;
    if (file === '-' || code === 'EPIPE' || syscall === undefined) throw error;
    throw new CliError('bad_input', `The file ${file} cannot be read: ${message}. Name a file with JSON lines, or - for stdin.`);
  }
}
