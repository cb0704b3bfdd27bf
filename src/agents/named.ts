// Names that agents and APIs give to the ends of runs and turns, and what they mean for a run.

import type { Evidence, Reason } from '../domain/failure.ts';

export type Names = Readonly<Record<string, Reason>>;

/** A reason, and the field that names it. */
export interface Named {
  readonly reason: Reason;
  readonly reasonIn: Evidence;
}

export function named(where: string, names: Names, value: string | undefined): Named | undefined {
  if (value === undefined || !Object.hasOwn(names, value)) return undefined;
  const reason = names[value];
  return reason && { reason, reasonIn: { where, value } };
}

/** Why a model stopped. Names that are not here (`stop`, `end_turn`, `tool_use` …) are no trouble. */
export const STOPS: Names = {
  length: 'output_truncated',
  max_tokens: 'output_truncated',
  max_output_tokens: 'output_truncated',
  model_length: 'context_window_exceeded',
  model_context_window_exceeded: 'context_window_exceeded',
  refusal: 'refused',
  'content-filter': 'refused',
  content_filter: 'refused',
  safety: 'refused',
  max_turn_requests: 'turn_limit',
  cancelled: 'cancelled',
  aborted: 'cancelled',
  interrupted: 'network_dropped', // the AI SDK's word for a stream that was cut off
};
