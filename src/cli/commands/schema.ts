import { taskSpecJsonSchema } from '../../schema/task-schema.ts';
import { EXIT, type ExitCode } from '../errors.ts';
import type { Screen } from '../screen.ts';

/** JSON Schema of a task. It is JSON with and without `--json`. */
export async function schema({ stdout, json }: Screen): Promise<ExitCode> {
  stdout.write(`${JSON.stringify(taskSpecJsonSchema(), null, json ? undefined : 2)}\n`);
  return EXIT.ok;
}
