// What went wrong with a run. The closed table of classes and reasons (DESIGN §2), and the shape in which a
// failure travels from a host into a task's history. Names in this table are in histories for ever: add, never rename.

export type Class = 'adapter' | 'host' | 'context' | 'post_completion' | 'task' | 'unknown';

/** May a machine start another run with the very same inputs, now or after a wait, without asking anybody? */
export type Retry = true | false | 'after_check';

interface ReasonRow {
  readonly class: Class;
  /** It is this reason when … */
  readonly when: string;
  readonly retry: Retry;
  /** What a person can do about it. */
  readonly advice: string;
}

/** The closed table. The rubric of `when` and `retry` is that of the labelled failure cases the classifier is scored on. */
export const REASONS = {
  credential_rejected: {
    class: 'adapter',
    when: 'the key, token or login is wrong or out of date (a 401 as a rule)',
    retry: 'after_check',
    advice: 'Check that the credential on this host is the current one, replace it, then answer `retry`.',
  },
  credential_revoked: {
    class: 'adapter',
    when: 'the credential is known but may not do this: switched off, revoked, no access here (a 403 as a rule)',
    retry: 'after_check',
    advice: "Give the credential's account access again or use another one, then answer `retry`.",
  },
  rate_limited: {
    class: 'adapter',
    when: 'too many requests or tokens in a span of time; a short wait clears it',
    retry: true,
    advice: 'Nothing, unless it keeps coming back: then lower the number of runs at once, or raise the limit.',
  },
  quota_exhausted: {
    class: 'adapter',
    when: 'money, plan or a budget shared by several runs is used up',
    retry: 'after_check',
    advice: 'Top up the account or wait for its reset, then answer `retry`.',
  },
  provider_overloaded: {
    class: 'adapter',
    when: 'the provider or its gateway fails or lacks capacity (500, 502, 503, 504, 529)',
    retry: true,
    advice: "Look at the provider's status page; answer `retry` when it is well again.",
  },
  provider_timeout: {
    class: 'adapter',
    when: 'the provider took the request and was too slow, or its stream fell silent',
    retry: true,
    advice: "Look at the provider's status page; answer `retry` when it is well again.",
  },
  model_unavailable: {
    class: 'adapter',
    when: 'this model does not exist or is not open to this account',
    retry: false,
    advice: 'Name a model that this account may use.',
  },
  out_of_memory: {
    class: 'host',
    when: 'the kernel or the runtime ended it for memory',
    retry: true,
    advice: 'Give the host more memory, run fewer agents at once, or make the work smaller.',
  },
  killed: {
    class: 'host',
    when: 'a signal ended it and nobody says why',
    retry: true,
    advice: 'Look on the host for who sends signals: a service manager, a person, a memory guard.',
  },
  evicted: {
    class: 'host',
    when: 'the machine, container or environment was taken away under it',
    retry: true,
    advice: 'Nothing, unless it keeps coming back: then use hosts that live longer than the run.',
  },
  network_dropped: {
    class: 'host',
    when: 'the connection could not be made or broke, TLS and proxies included',
    retry: true,
    advice: "Check the host's network, proxy and certificates.",
  },
  disk_full: {
    class: 'host',
    when: 'no space or disk quota left',
    retry: true,
    advice: 'Free space on the host.',
  },
  tool_missing: {
    class: 'host',
    when: 'a program or library that the run needs is not on this host',
    retry: true,
    advice: 'Install the program on the host, or send the task to a pool that has it.',
  },
  heartbeat_lost: {
    class: 'host',
    when: 'the supervisor lost sight of the process',
    retry: true,
    advice: 'Look whether the host and its worker are up.',
  },
  context_window_exceeded: {
    class: 'context',
    when: 'the input does not fit the model',
    retry: false,
    advice: 'Split the work into smaller tasks, or give it to a model with a larger window.',
  },
  output_truncated: {
    class: 'context',
    when: 'the answer hit its output limit',
    retry: false,
    advice: 'Ask for a smaller answer, or split the work.',
  },
  turn_limit: {
    class: 'context',
    when: 'all turns, steps or reflections are used',
    retry: false,
    advice: 'Raise the turn limit, or split the work.',
  },
  budget_exhausted: {
    class: 'context',
    when: "the run's own allowance of time or money is used up",
    retry: false,
    advice: "Raise the run's limit, or split the work.",
  },
  crashed_after_output: {
    class: 'post_completion',
    when: 'the work had landed and only what comes afterwards failed',
    retry: false,
    advice: 'Nothing: the bookkeeping is finished without another run.',
  },
  refused: {
    class: 'task',
    when: 'the model or provider declines for policy',
    retry: false,
    advice: 'Say the work in other words, or give it to another model.',
  },
  invalid_request: {
    class: 'task',
    when: 'the request is malformed and will be every time; length is not the matter',
    retry: false,
    advice: "Correct the task's spec or the agent's arguments.",
  },
  infeasible: {
    class: 'task',
    when: 'what the work asks for is not there or cannot be done',
    retry: false,
    advice: 'Correct what the task asks for, or close it.',
  },
  output_rejected: {
    class: 'task',
    when: 'there is an answer, but it fails the checks, or a good end came without its outputs',
    retry: false,
    advice: 'Read the red check; answer `retry` with a note, or close the task.',
  },
  permission_needed: {
    class: 'task',
    when: "a tool waits for a person's consent",
    retry: false,
    advice: 'Allow the tool in the agent’s arguments, or do that step yourself.',
  },
  cancelled: {
    class: 'task',
    when: 'somebody stopped it on purpose',
    retry: false,
    advice: 'Nothing.',
  },
  unclassified: {
    class: 'unknown',
    when: 'the last words do not say, or say something that no reason covers',
    retry: false,
    advice: 'Read the run’s last words, then answer `retry` or `close`.',
  },
} as const satisfies Record<string, ReasonRow>;

export type Reason = keyof typeof REASONS;
export const REASON_NAMES = Object.keys(REASONS) as readonly Reason[];

/** `<class>.<reason>`: the type of the ApplicationFailure that a failed run throws. */
export type FailureType = { [R in Reason]: `${(typeof REASONS)[R]['class']}.${R}` }[Reason];

export function failureType(reason: Reason): FailureType {
  return `${REASONS[reason].class}.${reason}` as FailureType;
}
export const FAILURE_TYPES: readonly FailureType[] = REASON_NAMES.map(failureType);

export function isReason(value: unknown): value is Reason {
  return typeof value === 'string' && Object.hasOwn(REASONS, value);
}

/** How strong the ground of a verdict is; also the order in which grounds are asked (DESIGN §6). */
export type Basis = 'supervisor' | 'outputs' | 'typed' | 'http_status' | 'exit_code' | 'text' | 'none';

/** One thing that was seen. `where` names the place (`exit.signal`, `stderr`, `result.reason`), `value` quotes it, at most 200 characters. */
export interface Evidence {
  readonly where: string;
  readonly value: string;
}

/** What a run's end means. JSON-clean; the first detail of the ApplicationFailure that a failed run throws. */
export interface Failure {
  readonly class: Class;
  readonly reason: Reason;
  readonly basis: Basis;
  /** The name of the rule that decided. */
  readonly rule: string;
  readonly evidence: readonly Evidence[];
  /** The run left a new commit, changed files or a new output behind. */
  readonly progress: boolean;
  /** The wait that the provider asked for. */
  readonly retryAfterMs?: number;
  /** When a used-up quota is there again; ISO time with offset. */
  readonly resetsAt?: string;
}
