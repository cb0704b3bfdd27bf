// What a bench has started, and how it is ended, whatever ends the bench: its own end, an error, Ctrl-C.

export interface Endings {
  /** Is told at once of everything that is started; called the newest first, whatever state it is in. */
  atEnd(end: () => Promise<unknown>): void;
  /** Calls them all, once, and ends the process. */
  exit(code: number): Promise<void>;
}

export function endings(): Endings {
  const ends: (() => Promise<unknown>)[] = [];
  let ending: Promise<void> | undefined;
  const exit = (code: number) => {
    ending ??= (async () => {
      for (const end of ends.reverse()) await end().catch((error) => console.error(error));
      process.exit(code);
    })();
    return ending;
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => void exit(130));
  return { atEnd: (end) => void ends.push(end), exit };
}
