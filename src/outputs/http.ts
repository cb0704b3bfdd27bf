// The state of an address: some statuses mean present, some absent, and any other answer is unknown (DESIGN §6).

import type { Probe } from './output-type.ts';

const PATIENCE_MS = 15_000;

export const probeHttp: Probe<'http'> = async ({ url, present, absent }, { signal }) => {
  const late = AbortSignal.timeout(PATIENCE_MS);
  let status: number;
  try {
    // Its own status is asked for, not that of whatever it leads to.
    const response = await fetch(url, { redirect: 'manual', signal: signal ? AbortSignal.any([signal, late]) : late });
    status = response.status;
    await response.body?.cancel();
  } catch (error) {
    return { state: 'unknown', evidence: `${url} gave no answer: ${sayError(error)}` };
  }
  if (present.includes(status)) return { state: 'present', evidence: `${url} answers ${status}` };
  if (absent.includes(status)) return { state: 'absent', evidence: `${url} answers ${status}` };
  return { state: 'unknown', evidence: `${url} answers ${status}, which is among neither present nor absent` };
};

/** `fetch failed` says nothing; its cause does. */
function sayError(error: unknown): string {
  const { message, cause } = error as Error;
  return cause instanceof Error ? cause.message : message;
}
