// What is known of a run's end, what a rule is, and what a verdict is: the words that `classify.ts`, the rules and the
// border share. Everything of an ending may be missing; a missing field is unknown, never "no".

import type { Basis, Class, Evidence, Reason, Retry } from './failure.ts';
import type { EndedBy, Exit, Usage } from './run.ts';

/** What an agent says of its own end, in the file that Outlive reads (DESIGN §6) or in fields of its stream. `reason` is whatever it wrote. */
export interface TypedEnd {
  readonly outcome: 'finished' | 'failed';
  readonly reason?: string;
  /** The field of its stream that names the reason, in the agent's own word; left out: the file. */
  readonly reasonIn?: Evidence;
  readonly retryAfterMs?: number;
  /** ISO time with offset. */
  readonly resetsAt?: string;
  readonly note?: string;
}

/** What the run left behind. There only where a commit was expected. */
export interface Landed {
  readonly commits: number;
  readonly dirty: number;
  /** Is that the whole work? Missing: nobody looked closer than at the commits. */
  readonly complete?: boolean;
}

/** A recorder ended the run when its time was up. */
export interface Harness {
  readonly timeoutS: number;
  readonly sent: string;
}

/** Everything that may be known of how a run ended. Tails are the last words, the newest at the end; `at` is an ISO time with offset. */
export interface Ending {
  readonly agent?: string;
  readonly provider?: string;
  readonly at?: string;
  readonly exitCode?: number;
  readonly signal?: string;
  readonly notStarted?: NonNullable<Exit['notStarted']>;
  readonly httpStatus?: number;
  readonly stdoutTail?: string;
  readonly stderrTail?: string;
  /** Both streams in the order in which they came, where nobody kept them apart. */
  readonly tail?: string;
  readonly endedBy?: EndedBy;
  readonly oomKilled?: true;
  readonly vanished?: NonNullable<Exit['vanished']>;
  readonly unreadable?: string;
  /** The run's last event was a question to the model. Missing: its events were not read. */
  readonly awaitsModel?: boolean;
  readonly typed?: TypedEnd;
  /** What the agent itself says of its end in its stream, without the model's words. Tails that come with it are without its events. */
  readonly said?: string;
  /** What the agent was trying again when it ended: what a run that somebody else ended suffered from, never an end of its own. */
  readonly suffered?: { readonly words: string; readonly reason?: Reason };
  /** Tools that it was not allowed to use. */
  readonly denied?: readonly string[];
  /** The agent's name of its session, to go on with it. */
  readonly session?: string;
  /** Why it stopped, in the agent's own word. */
  readonly stopReason?: string;
  /** It prints clock times of its host, without a zone. */
  readonly printsLocalTime?: true;
  readonly usage?: Usage;
  readonly landed?: Landed;
  readonly harness?: Harness;
  /** The signal that a recorder sent on purpose. */
  readonly harnessSignal?: string;
  readonly durationMs?: number;
  /** Outputs that a look after a good end did not find. */
  readonly goodEndMissing?: readonly string[];
  /** Checks that were red after a good end. */
  readonly redChecks?: readonly string[];
}

interface RuleRow {
  /** In verdicts and histories; unique. */
  readonly name: string;
  readonly reason: Reason;
  /** Only for these agents; left out: for every process. */
  readonly agents?: readonly string[];
  /** Something that this rule must match. */
  readonly sample: string;
  /** Where such an end was seen. */
  readonly seen: string;
}

/** Words of a program. The scan tries a rule only where one of `words` stands: whole, in lower case, `RateLimit` and `rate_limit` are two words each. */
export interface TextRule extends RuleRow {
  readonly where: 'text';
  readonly words: readonly string[];
  readonly match: RegExp;
  /** The words name a family of causes (`invalid_request_error`, `500`): plainer ones nearby say which, see REFINED_BY. */
  readonly vague: boolean;
}

/** A number or name that says something of its own; words nearby may say it plainer, see REFINED_BY. */
export interface CodeRule extends RuleRow {
  readonly where: 'http_status' | 'exit_code';
  readonly match: readonly number[];
}
export interface NameRule extends RuleRow {
  readonly where: 'signal' | 'not_started';
  /** No names: every one that no earlier rule names. */
  readonly match: readonly string[];
}
export type Rule = TextRule | CodeRule | NameRule;

/** What an ending means. `none`/`succeeded` is a good end; `rule` names what decided. */
export interface Verdict {
  readonly class: Class | 'none';
  readonly reason: Reason | 'succeeded';
  readonly retry: Retry;
  readonly basis: Basis;
  readonly rule: string;
  readonly evidence: readonly Evidence[];
  readonly retryAfterMs?: number;
  readonly resetsAt?: string;
}
