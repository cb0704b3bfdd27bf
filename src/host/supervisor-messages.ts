// What a worker and a supervisor say to each other. The worker tells which run to do; the supervisor only says that there
// is something new to be read in the run's folder, so that a worker which comes later reads the same.

import type { EndedBy, Exit } from '../domain/run.ts';
import type { RunDir } from './state-dir.ts';

/** One run. The environment may hold secrets: it goes from process to process and is written nowhere. */
export interface RunOrder {
  readonly dir: RunDir;
  readonly run: { readonly taskId: string; readonly n: number; readonly workflowRunId: string };
  readonly argv: readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  readonly mark: string;
  /** Milliseconds, bytes. */
  readonly limits: { readonly wallMs: number; readonly outputBytes: number };
  /** End of the lease, on the lease's clock. */
  readonly leaseUntil: number;
}

/** `ended` carries the exit too: on a full disk it can be read nowhere else. After it the supervisor is free for another run. */
export type SupervisorNews = { readonly kind: 'entered'; readonly pid: number } | { readonly kind: 'ended'; readonly exit: Exit };

/** In the run's folder as `order.json`; SIGHUP makes the supervisor read it at once. */
export interface EndOrder {
  readonly end: EndedBy;
  readonly graceMs: number;
}
