// What a task is. `TaskSpec` is what a person writes and what starts the workflow (DESIGN §6); `Task` is the same
// after the border: validated, every default filled in, durations in milliseconds.

export interface TaskSpec {
  readonly id: string;
  readonly title?: string;
  readonly owner?: string;
  readonly agent: AgentSpec;
  readonly prompt: string;
  readonly workspace?: { readonly repo: string; readonly base?: string };
  /** The earlier, closed task whose kept work the first run starts from. */
  readonly continues?: string;
  readonly outputs: readonly OutputSpec[];
  readonly checks?: readonly CheckSpec[];
  readonly limits?: LimitsSpec;
  readonly bank?: 'origin' | 'host';
  readonly pool?: string;
  readonly env?: Readonly<Record<string, string>>;
}

export type AgentSpec = { readonly use: 'command'; readonly argv: readonly string[] };

export type OutputSpec =
  | { readonly kind: 'commit'; readonly conclusive?: boolean }
  | { readonly kind: 'push'; readonly by?: OutputBy }
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'command'; readonly argv: readonly string[]; readonly timeout?: string };

export interface CheckSpec {
  readonly argv: readonly string[];
  readonly timeout?: string;
}

/** `costUsd` needs `run.costUsd` beside it: a run whose cost is not known counts as that much. */
export interface LimitsSpec {
  readonly runs?: number;
  readonly perReason?: number;
  readonly wall?: string;
  readonly costUsd?: number;
  readonly run?: { readonly wall?: string; readonly stall?: string; readonly costUsd?: number };
}

export interface Task {
  readonly id: string;
  readonly title: string;
  readonly owner: string;
  readonly agent: AgentSpec;
  readonly prompt: string;
  readonly workspace?: Workspace;
  readonly continues?: string;
  readonly outputs: readonly Output[];
  readonly checks: readonly Check[];
  readonly limits: Limits;
  readonly bank: 'origin' | 'host';
  readonly pool: string;
  readonly env: Readonly<Record<string, string>>;
}

export interface Workspace {
  readonly repo: string;
  readonly base: string;
}

export type OutputKind = OutputSpec['kind'];
export type OutputBy = 'agent' | 'outlive';

export type Output =
  | { readonly kind: 'commit'; readonly by: 'agent'; readonly conclusive: boolean }
  | { readonly kind: 'push'; readonly by: OutputBy }
  | { readonly kind: 'file'; readonly by: 'agent'; readonly path: string }
  | { readonly kind: 'command'; readonly by: 'agent'; readonly argv: readonly string[]; readonly timeoutMs: number };

export interface Check {
  readonly argv: readonly string[];
  readonly timeoutMs: number;
}

/** Ceilings of the task over all reasons (`runs`, `wallMs` of run time, `costUsd`), one per reason, and those of a single run. */
export interface Limits {
  readonly runs: number;
  readonly perReason: number;
  readonly wallMs: number;
  readonly costUsd?: number;
  readonly run: { readonly wallMs: number; readonly stallMs: number; readonly costUsd?: number };
}

/** What all checks of a task may take together, in milliseconds. */
export const checksMs = ({ checks }: Pick<Task, 'checks'>): number => checks.reduce((sum, check) => sum + check.timeoutMs, 0);

/** The defaults of DESIGN §6. */
export const DEFAULT_LIMITS: Limits = {
  runs: 6,
  perReason: 3,
  wallMs: 8 * 3_600_000,
  run: { wallMs: 3_600_000, stallMs: 600_000 },
};
export const DEFAULT_CHECK_TIMEOUT_MS = 600_000;
export const DEFAULT_PROBE_TIMEOUT_MS = 60_000;

/** An argv as a person would type it, for evidence and summaries. */
export const sayArgv = (argv: readonly string[]): string =>
  argv.map((part) => (/^[\w@%+=:,./{}-]+$/.test(part) ? part : `'${part.replaceAll("'", "'\\''")}'`)).join(' ');
