// What a task is. `TaskSpec` is what a person writes and what starts the workflow (DESIGN §6); `Task` is the same
// after the border: validated, every default filled in, durations in milliseconds.

export interface TaskSpec {
  readonly id: string;
  readonly title?: string;
  readonly owner?: string;
  /** The name alone is short for `{use: name}`. */
  readonly agent: AgentSpec | string;
  readonly prompt: string;
  readonly workspace?: { readonly repo: string; readonly base?: string };
  /** The earlier, closed task whose kept work the first run starts from. */
  readonly continues?: string;
  readonly outputs: readonly OutputSpec[];
  readonly checks?: readonly CheckSpec[];
  /** A person is shown what there is before Outlive publishes it. */
  readonly approve?: 'before_finish';
  readonly limits?: LimitsSpec;
  /** May it be planned and worked in steps where one conversation is too small for it? Default auto, for command and module never. */
  readonly split?: 'auto' | 'never';
  readonly bank?: 'origin' | 'host';
  readonly pool?: string;
  /** Names from outlive.yaml of the hosts. */
  readonly credentials?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** What does the work, and how it is told to. The border sees to it that each agent gets the fields that it knows, and no other. */
export interface AgentSpec {
  /** claude, codex, opencode, acp, command, module, or the name of an agent that the workers have registered. */
  readonly use: string;
  /** command and acp: the program and its arguments. */
  readonly argv?: readonly string[];
  /** module: the file, relative to the workspace or absolute. */
  readonly path?: string;
  /** claude, codex, opencode: the model, by the agent's own name for it. */
  readonly model?: string;
  /** claude, codex, opencode: arguments for the program beside Outlive's own. */
  readonly args?: readonly string[];
  /** A registered agent's own settings. */
  readonly options?: Readonly<Record<string, unknown>>;
}

export type OutputSpec = BuiltInOutputSpec | OwnOutputSpec;

export type BuiltInOutputSpec =
  | { readonly kind: 'commit'; readonly conclusive?: boolean }
  | { readonly kind: 'push'; readonly by?: OutputBy }
  | {
      readonly kind: 'pull_request';
      readonly title: string;
      readonly body?: string;
      readonly draft?: boolean;
      readonly by?: OutputBy;
    }
  | { readonly kind: 'comment'; readonly issue: number; readonly body: string; readonly by?: OutputBy }
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'command'; readonly argv: readonly string[]; readonly timeout?: string }
  | { readonly kind: 'http'; readonly url: string; readonly present?: readonly number[]; readonly absent?: readonly number[] };

/** Of the user's own: `kind` is the name under which the workers have registered it. */
export interface OwnOutputSpec {
  readonly kind: string;
  readonly by?: OutputBy;
  readonly options?: Readonly<Record<string, unknown>>;
}

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
  readonly run?: { readonly wall?: string; readonly stall?: string; readonly turns?: number; readonly costUsd?: number };
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
  readonly approve?: 'before_finish';
  readonly limits: Limits;
  /** Left out: it may be. */
  readonly split?: 'never';
  /** There where this is one step of a larger task. */
  readonly step?: StepOf;
  readonly bank: 'origin' | 'host';
  readonly pool: string;
  /** Left out: the agent's usual variables where they are set, else the host's login. */
  readonly credentials?: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

/** Step `k` of `of`, the first is 1. `since`: the commit that the step began with; what is newer is its own work. */
export interface StepOf {
  readonly k: number;
  readonly of: number;
  readonly since?: string;
}

export interface Workspace {
  readonly repo: string;
  readonly base: string;
}

export type BuiltInKind = BuiltInOutputSpec['kind'];
export type OutputBy = 'agent' | 'outlive';

/** Who can see it: only the host that the run was on, or everybody. */
export type OutputReach = 'host' | 'world';

export type Output =
  | { readonly kind: 'commit'; readonly by: 'agent'; readonly conclusive: boolean }
  | { readonly kind: 'push'; readonly by: OutputBy }
  | { readonly kind: 'pull_request'; readonly by: OutputBy; readonly title: string; readonly body: string; readonly draft: boolean }
  | { readonly kind: 'comment'; readonly by: OutputBy; readonly issue: number; readonly body: string }
  | { readonly kind: 'file'; readonly by: 'agent'; readonly path: string }
  | { readonly kind: 'command'; readonly by: 'agent'; readonly argv: readonly string[]; readonly timeoutMs: number }
  /** HTTP statuses; any other answer is unknown. */
  | {
      readonly kind: 'http';
      readonly by: 'agent';
      readonly url: string;
      readonly present: readonly number[];
      readonly absent: readonly number[];
    }
  | OwnOutput;

/** One of the user's own. */
export interface OwnOutput {
  readonly kind: 'own';
  readonly name: string;
  readonly by: OutputBy;
  readonly reach: OutputReach;
  readonly options: Readonly<Record<string, unknown>>;
}

export type OutputKind = Output['kind'];

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
  readonly run: RunLimits;
}

/** `turns`: questions to the model. `stallMs`: without an event, or without output where the agent has no events. */
export interface RunLimits {
  readonly wallMs: number;
  readonly stallMs: number;
  readonly turns?: number;
  readonly costUsd?: number;
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

/** An agent as a person would name it: its program, its file, or its name. */
export const sayAgent = ({ use, argv, path, model }: AgentSpec): string =>
  [
    ...(use === 'command' ? [] : [use]),
    ...(argv ? [sayArgv(argv)] : []),
    ...(path ? [path] : []),
    ...(model ? [`with ${model}`] : []),
  ].join(' ');

/** An argv as a person would type it, for evidence and summaries. */
export const sayArgv = (argv: readonly string[]): string =>
  argv.map((part) => (/^[\w@%+=:,./{}-]+$/.test(part) ? part : `'${part.replaceAll("'", "'\\''")}'`)).join(' ');
