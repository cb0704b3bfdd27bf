// A worker as a process of its own that another one follows whenever it ends, as under a service manager: at once where
// it ended by itself, after a pause where the soak ended it.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

const RESTART_MS = 500;
/** A worker promises to be gone within 10 s of SIGTERM. */
const END_MS = 12_000;

type EndSignal = 'SIGKILL' | 'SIGTERM';

/** Epoch ms. `by: 'itself'`: nobody told it to end. */
export interface Absence {
  readonly by: EndSignal | 'itself';
  readonly wasReady: boolean;
  /** When it was told to end, or was seen to have ended by itself. */
  readonly downAt: number;
  /** When the next process was started. */
  backAt?: number;
}

export interface KeptProcess {
  readonly name: string;
  readonly absences: readonly Absence[];
  /** Resolves when the first one says that it is ready. */
  readonly ready: Promise<void>;
  /** It is ready, not frozen, and not on its way to its end. */
  isUp(): boolean;
  /** Resolves once the process is gone; the next one is started `pauseMs` after the signal. */
  end(signal: EndSignal, pauseMs: number): Promise<void>;
  /** Resolves once it goes on. */
  freeze(forMs: number): Promise<void>;
  /** No process follows. Resolves with false where SIGTERM was not enough. */
  stop(): Promise<boolean>;
}

export interface Keeping {
  readonly name: string;
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  /** Takes everything that it says. */
  readonly log: string;
}

export function keepProcess({ name, args, env, log }: Keeping): KeptProcess {
  const absences: Absence[] = [];
  const stopping = new AbortController();
  let child: ChildProcess | undefined;
  let isReady = false;
  let isFrozen = false;
  let told: { readonly signal: EndSignal; readonly at: number; readonly backAt: number } | undefined;
  let sayReady: () => void = () => undefined;
  const ready = new Promise<void>((resolve) => {
    sayReady = resolve;
  });

  const liveOnce = async () => {
    const output = openSync(log, 'a');
    const started = spawn(process.execPath, args, { env, stdio: ['ignore', 'pipe', output] });
    closeSync(output);
    child = started;
    started.stdout?.on('data', (chunk) => {
      if (!String(chunk).includes('ready')) return;
      isReady = true;
      sayReady();
    });
    await once(started, 'exit');
  };
  const live = async () => {
    while (!stopping.signal.aborted) {
      await liveOnce();
      const absence: Absence = { by: told?.signal ?? 'itself', wasReady: isReady, downAt: told?.at ?? Date.now() };
      absences.push(absence);
      const pauseMs = told ? Math.max(0, told.backAt - Date.now()) : RESTART_MS;
      told = undefined;
      isReady = false;
      await sleep(pauseMs, undefined, { signal: stopping.signal }).catch(() => undefined);
      absence.backAt = Date.now();
    }
  };
  const living = live();
  return {
    name,
    absences,
    ready,
    isUp: () => isReady && !isFrozen && told === undefined,
    end: async (signal, pauseMs) => {
      if (!child || hasEnded(child)) return;
      told = { signal, at: Date.now(), backAt: Date.now() + pauseMs };
      const gone = once(child, 'exit');
      child.kill(signal);
      await gone;
    },
    freeze: async (forMs) => {
      if (!child || hasEnded(child)) return;
      const frozen = child;
      isFrozen = true;
      frozen.kill('SIGSTOP');
      await sleep(forMs, undefined, { signal: stopping.signal }).catch(() => undefined);
      frozen.kill('SIGCONT');
      isFrozen = false;
    },
    stop: async () => {
      stopping.abort();
      told = { signal: 'SIGTERM', at: Date.now(), backAt: 0 };
      child?.kill('SIGCONT');
      child?.kill('SIGTERM');
      let inTime = true;
      const last = setTimeout(() => {
        inTime = false;
        child?.kill('SIGKILL');
      }, END_MS);
      await living;
      clearTimeout(last);
      return inTime;
    },
  };
}

const hasEnded = (child: ChildProcess): boolean => child.exitCode !== null || child.signalCode !== null;
