// The table of reactions (DESIGN §2): what a reason calls for, before the gates of decide.ts are asked.
// Data first: to change a policy, change a row.

import type { Reason } from './failure.ts';

/** `stated`: what the provider says, else backoff. `backoff`: whatever anybody says. */
export type Wait = 'none' | 'stated' | 'backoff';

export type Reaction =
  | { readonly kind: 'retry'; readonly wait: Wait; readonly elsewhere: 'any' | 'preferred' | 'required' }
  | { readonly kind: 'retry_after_reset' }
  /** Valid: another run. Invalid: a person. Could not tell: a few runs, then a person. */
  | { readonly kind: 'check_credential' }
  /** Never the same inputs: a new conversation with what the last one left, once; else in steps; else a person. */
  | { readonly kind: 'enrich' }
  | { readonly kind: 'feedback' }
  | { readonly kind: 'finish' }
  | { readonly kind: 'stop' }
  | { readonly kind: 'ask'; readonly why: string };

export const REACTIONS: Readonly<Record<Reason, Reaction>> = {
  credential_rejected: { kind: 'check_credential' },
  credential_revoked: { kind: 'check_credential' },
  rate_limited: { kind: 'retry', wait: 'stated', elsewhere: 'any' },
  quota_exhausted: { kind: 'retry_after_reset' },
  provider_overloaded: { kind: 'retry', wait: 'stated', elsewhere: 'any' },
  provider_timeout: { kind: 'retry', wait: 'stated', elsewhere: 'any' },
  model_unavailable: { kind: 'ask', why: 'another run would ask for the same model' },

  out_of_memory: { kind: 'retry', wait: 'none', elsewhere: 'preferred' },
  disk_full: { kind: 'retry', wait: 'none', elsewhere: 'preferred' },
  // A program does not appear by itself: the same host again is a blind retry.
  tool_missing: { kind: 'retry', wait: 'none', elsewhere: 'required' },
  killed: { kind: 'retry', wait: 'none', elsewhere: 'preferred' },
  evicted: { kind: 'retry', wait: 'none', elsewhere: 'preferred' },
  heartbeat_lost: { kind: 'retry', wait: 'none', elsewhere: 'preferred' },
  network_dropped: { kind: 'retry', wait: 'backoff', elsewhere: 'preferred' },

  context_window_exceeded: { kind: 'enrich' },
  output_truncated: { kind: 'enrich' },
  turn_limit: { kind: 'enrich' },
  budget_exhausted: { kind: 'enrich' },

  crashed_after_output: { kind: 'finish' },

  refused: { kind: 'ask', why: 'the answer would be the same' },
  invalid_request: { kind: 'ask', why: 'the request would be as malformed as before' },
  infeasible: { kind: 'ask', why: 'only its owner can say whether the task still makes sense' },
  output_rejected: { kind: 'feedback' },
  permission_needed: { kind: 'ask', why: 'only a person can give the consent' },
  cancelled: { kind: 'stop' },

  unclassified: { kind: 'ask', why: 'what is not understood is never retried' },
};

/** Causes outside the conversation: an agent that has kept it goes on with it. Anything else begins afresh, for the history may be the problem. */
export const RESUMED: ReadonlySet<Reason> = new Set<Reason>([
  'rate_limited',
  'quota_exhausted',
  'provider_overloaded',
  'provider_timeout',
  'killed',
  'evicted',
  'heartbeat_lost',
  'network_dropped',
]);
