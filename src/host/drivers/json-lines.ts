// A program that speaks JSON, one message a line, on its standard streams: started by a driver, which is the supervised
// process. It lives in the driver's own group and carries the run's mark, so it ends with the run's tree.

import { type ChildProcess, spawn } from 'node:child_process';
import { constants } from 'node:os';
import { createInterface } from 'node:readline';

export type Message = Readonly<Record<string, unknown>>;

/** How the program ended; `error` where it could not be started. */
export interface ProgramEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly error?: NodeJS.ErrnoException;
}

export interface Speaker {
  send(message: Message): void;
  readonly ended: Promise<ProgramEnd>;
  /** Closes its input, then SIGTERM, then SIGKILL; resolves once it is gone. */
  end(): Promise<void>;
}

const GRACE_MS = 2000;

/** Its stderr is the driver's. Lines of its stdout that are no JSON object are passed on as they are. */
export function startSpeaker(argv: readonly string[], hear: (message: Message) => void): Speaker {
  const [program = '', ...args] = argv;
  const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  // It may be gone already: its end says so.
  child.stdin.on('error', () => undefined);
  const lines = createInterface({ input: child.stdout, crlfDelay: Number.POSITIVE_INFINITY });
  lines.on('line', (line) => {
    const message = parse(line);
    if (message) hear(message);
    else if (line.trim() !== '') process.stdout.write(`${line}\n`);
  });
  const ended = endOf(child, new Promise((resolve) => lines.once('close', resolve)));
  return {
    send: (message) => {
      if (child.stdin.writable) child.stdin.write(`${JSON.stringify(message)}\n`);
    },
    ended,
    end: async () => {
      child.stdin.end();
      child.kill('SIGTERM');
      const kill = setTimeout(() => child.kill('SIGKILL'), GRACE_MS);
      await ended;
      clearTimeout(kill);
    },
  };
}

/** Once all that it said is heard. */
function endOf(child: ChildProcess, heardAll: Promise<unknown>): Promise<ProgramEnd> {
  return new Promise((resolve) => {
    child.once('error', (error) => child.pid === undefined && resolve({ code: null, signal: null, error }));
    child.once('exit', (code, signal) => {
      // A child of its own may hold its stdout open for ever.
      const late = new Promise((given) => setTimeout(given, GRACE_MS).unref());
      void Promise.race([heardAll, late]).then(() => resolve({ code, signal }));
    });
  });
}

function parse(line: string): Message | undefined {
  if (!line.startsWith('{')) return undefined;
  try {
    return JSON.parse(line) as Message;
  } catch {
    return undefined;
  }
}

/** A longer text in a message is cut: it is the model's, and a run may last for hours. Characters. */
const LONGEST_TEXT = 1500;

/** One line on the driver's own stdout. */
export function tell(event: unknown): void {
  process.stdout.write(`${JSON.stringify(event, (_, value) => (typeof value === 'string' ? cut(value) : value))}\n`);
}

const cut = (text: string): string => (text.length > LONGEST_TEXT ? `${text.slice(0, LONGEST_TEXT)}…` : text);

/** As a shell says it, so that the driver's exit is read as the program's own. */
export function exitLike({ code, signal, error }: ProgramEnd): number {
  if (error) return error.code === 'ENOENT' ? 127 : 126;
  return signal ? 128 + constants.signals[signal] : (code ?? 1);
}
