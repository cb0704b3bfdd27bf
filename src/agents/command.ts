// Any program as an agent (DESIGN §6): `{prompt}` in its argv is replaced, and it may say how it ended in
// OUTLIVE_RESULT_FILE: {outcome, reason?, retryAfterMs?, resetsAt?, usage?, session?, note?}.

import type { TypedEnd } from '../domain/ending.ts';
import type { Usage } from '../domain/run.ts';
import { cut } from '../domain/story.ts';
import type { Agent, AgentWords } from './agent.ts';

const MAX_RESULT_CHARS = 64 * 1024;

export const command: Agent = {
  launch: ({ spec, prompt, resume }) => ({
    argv: (spec.argv ?? []).map((part) => part.replaceAll('{prompt}', () => prompt)),
    ...(resume === undefined ? {} : { env: { OUTLIVE_RESUME: resume } }),
  }),
  readResult,
};

export function readResult(text: string | undefined): AgentWords {
  if (text === undefined || text.trim() === '') return {};
  if (text.length > MAX_RESULT_CHARS) return { unreadable: `the result file is longer than ${MAX_RESULT_CHARS} characters` };
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { unreadable: `the result file is no JSON: ${cut(text.trim(), 80)}` };
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return { unreadable: 'the result file holds no JSON object' };
  return readFields(value as Record<string, unknown>);
}

function readFields(result: Record<string, unknown>): AgentWords {
  const { outcome, reason, retryAfterMs, resetsAt, note, usage, session } = result;
  const cost = { ...readUsage(usage), ...(typeof session === 'string' && session !== '' ? { session: cut(session, 200) } : {}) };
  if (outcome !== 'finished' && outcome !== 'failed') {
    return { ...cost, unreadable: `the result file says outcome ${JSON.stringify(outcome)}; it must be "finished" or "failed"` };
  }
  const typed: TypedEnd = {
    outcome,
    ...(typeof reason === 'string' ? { reason: cut(reason, 200) } : {}),
    ...(isCount(retryAfterMs) ? { retryAfterMs } : {}),
    ...(isTime(resetsAt) ? { resetsAt: new Date(resetsAt).toISOString() } : {}),
    ...(typeof note === 'string' ? { note: cut(note, 500) } : {}),
  };
  return { typed, ...cost };
}

function readUsage(value: unknown): { usage?: Usage } {
  if (typeof value !== 'object' || value === null) return {};
  const { inputTokens, outputTokens, costUsd } = value as Record<string, unknown>;
  const usage: Usage = {
    ...(isCount(inputTokens) ? { inputTokens } : {}),
    ...(isCount(outputTokens) ? { outputTokens } : {}),
    ...(isCount(costUsd) ? { costUsd } : {}),
  };
  return Object.keys(usage).length > 0 ? { usage } : {};
}

const isCount = (value: unknown): value is number => typeof value === 'number' && Number.isFinite(value) && value >= 0;

/** Epoch milliseconds, or an ISO time with an offset: a clock without a zone names no moment. */
const isTime = (value: unknown): value is string | number =>
  isCount(value) || (typeof value === 'string' && /(Z|[+-]\d\d:?\d\d)$/.test(value) && !Number.isNaN(Date.parse(value)));
