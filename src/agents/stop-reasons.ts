// Why a model stopped, as APIs, SDKs and protocols name it, and what that means for a run. Names that are not here
// (`stop`, `end_turn`, `tool_use` …) are no trouble.

import type { Reason } from '../domain/failure.ts';

const STOPS: Readonly<Record<string, Reason>> = {
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

export const stopMeans = (stop: string | undefined): Reason | undefined =>
  stop !== undefined && Object.hasOwn(STOPS, stop) ? STOPS[stop] : undefined;

/** What ends a turn and is no trouble. */
const GOOD_STOPS: readonly string[] = ['stop', 'end_turn', 'stop_sequence', 'completed'];

export const isGoodStop = (stop: string | undefined): boolean => stop !== undefined && GOOD_STOPS.includes(stop);
