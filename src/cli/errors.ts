// How a command ends, and what is said when it does not do what was asked. Expected errors carry a `code`; anything
// else is a fault of ours and says so.

import { sayError } from '../domain/say-error.ts';
import type { Screen } from './screen.ts';

/** DESIGN §6: ok, not so, usage or bad input, no server, `--wait` ended at a question. */
export const EXIT = { ok: 0, notSo: 1, usage: 2, noServer: 3, question: 4 } as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** What is not EXIT.notSo. Codes are in the JSON of errors: add, never rename. */
const EXIT_OF_CODE: Readonly<Record<string, ExitCode>> = {
  usage: EXIT.usage,
  bad_input: EXIT.usage,
  bad_spec: EXIT.usage,
  bad_config: EXIT.usage,
  bad_connection_settings: EXIT.usage,
  encoded: EXIT.usage,
  codec_failed: EXIT.usage,
  no_server: EXIT.noServer,
};

/** An end that was foreseen. `at` names the place in the input where there is one. */
export class CliError extends Error {
  override readonly name = 'CliError';
  readonly code: string;
  readonly at: string | undefined;
  constructor(code: string, message: string, at?: string) {
    super(message);
    this.code = code;
    this.at = at;
  }
}

interface Foreseen {
  readonly code: string;
  readonly message: string;
  readonly at?: string | undefined;
}

const FORESEEN: ReadonlySet<string> = new Set([...Object.keys(EXIT_OF_CODE), 'different_spec', 'host_taken']);

/** Errors of other parts are foreseen by their code, because loading their classes would load all of Temporal. */
function foreseen(error: unknown): Foreseen | undefined {
  if (error instanceof CliError) return error;
  if (error instanceof Error && 'code' in error && typeof error.code === 'string' && FORESEEN.has(error.code))
    return error as Error & Foreseen;
  return grpcWords(error);
}

const GRPC: Readonly<Record<number, readonly [code: string, words: string]>> = {
  4: ['no_server', 'The Temporal server did not answer in time'],
  7: ['not_allowed', 'The Temporal server does not allow this'],
  12: ['no_server', 'What answers is no Temporal server, one too old for this, or a proxy before it'],
  14: ['no_server', 'The Temporal server went away'],
  16: ['not_allowed', 'The Temporal server does not know this key'],
};

function grpcWords(error: unknown): Foreseen | undefined {
  for (let cause: unknown = error; cause instanceof Error; cause = cause.cause) {
    if (!('code' in cause) || typeof cause.code !== 'number') continue;
    const known = GRPC[cause.code];
    if (known)
      return { code: known[0], message: `${known[1]}: ${cause.message}. Look whether it is up (\`outlive doctor\`), then try again.` };
  }
  return undefined;
}

/** Says the error in the form asked for and gives the exit code. */
export function reportError(error: unknown, screen: Screen): ExitCode {
  if (isBrokenPipe(error)) return EXIT.ok;
  const known = foreseen(error);
  const { code, message, at } = known ?? { code: 'internal', message: sayFault(error), at: undefined };
  if (screen.json) screen.give({ error: { code, message, ...(at !== undefined && { at }) } });
  else screen.note(screen.warnInk.red(message));
  if (screen.env['OUTLIVE_DEBUG'] === '1' && error instanceof Error) screen.note(stackOf(error));
  return EXIT_OF_CODE[code] ?? EXIT.notSo;
}

/** Whoever reads the output has stopped reading: they have what they wanted. */
const isBrokenPipe = (error: unknown): boolean => error instanceof Error && 'code' in error && error.code === 'EPIPE';

function sayFault(error: unknown): string {
  return `This is a fault of Outlive: ${sayError(error)}\nRun the command again with OUTLIVE_DEBUG=1 and report what it prints.`;
}

function stackOf(error: Error): string {
  const cause = error.cause instanceof Error ? `\ncaused by ${stackOf(error.cause)}` : '';
  return `${error.stack ?? error.message}${cause}`;
}
