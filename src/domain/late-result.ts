// Reads the signal `lateResult`. It comes from our own hosts, or from anybody who may signal: nothing of it is trusted to
// have the right form, and a handler that throws would block the task.

import type { LateResult } from './contract.ts';
import { isReason } from './failure.ts';
import type { Read } from './question.ts';

const FORM = 'expected {n, facts: {host, seen: {outputs, checks, …}, …}, failure?}';

export function readLateResult(sent: unknown): Read<LateResult> {
  const { n, facts, failure } = fieldsOf(sent);
  const { host, seen } = fieldsOf(facts);
  const { outputs, checks } = fieldsOf(seen);
  const isFacts = typeof host === 'string' && Array.isArray(outputs) && Array.isArray(checks);
  const isFailure = failure === undefined || isReason(fieldsOf(failure)['reason']);
  if (!Number.isInteger(n) || !isFacts || !isFailure) return { ok: false, problem: `a late result that cannot be read: ${FORM}` };
  return { ok: true, value: sent as LateResult };
}

function fieldsOf(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}
