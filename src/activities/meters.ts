// What the fleet does, as numbers: beside the SDK's own metrics, and scraped with them.

import type { MetricMeter } from '@temporalio/common';
import type { CredentialChecked } from '../domain/credential.ts';
import type { Decision } from '../domain/decision.ts';
import type { Failure } from '../domain/failure.ts';
import type { ScopeKind } from '../domain/scope.ts';

export interface Meters {
  /** `failure` is missing where the run ended well. */
  runEnded(run: { readonly host: string; readonly agent: string; readonly ms: number; readonly failure?: Failure | undefined }): void;
  /** `verdictMs`: from the run's end to the decision. */
  decided(decision: Decision, failure: Failure, verdictMs: number): void;
  credentialChecked(state: CredentialChecked['state']): void;
  incidentOpened(scope: ScopeKind): void;
  /** A run was to start, and waits for the end of an incident. */
  held(scope: ScopeKind): void;
  notified(kind: string, channel: string, went: 'out' | 'nowhere'): void;
}

/** Names are on the wire of whoever draws them: add, never rename. Times in milliseconds. */
export function createMeters(meter: MetricMeter): Meters {
  const runs = meter.createCounter('outlive_runs_ended', 'runs', 'Runs that ended, by how');
  const runMs = meter.createHistogram('outlive_run_ms', 'int', 'ms', 'How long runs took');
  const decisions = meter.createCounter('outlive_decisions', 'decisions', 'What was decided after runs that did not end well');
  const verdictMs = meter.createHistogram('outlive_verdict_ms', 'int', 'ms', 'From the end of a run to the decision');
  const checks = meter.createCounter('outlive_credential_checks', 'checks', 'Checks of credentials, by what they said');
  const notices = meter.createCounter('outlive_notices', 'notices', 'Notices to people, by channel');
  const incidents = meter.createCounter('outlive_incidents_opened', 'incidents', 'Incidents that were opened, by what is ill');
  const holds = meter.createCounter('outlive_runs_held', 'runs', 'Runs that were held back by an incident, once for each time they came');
  return {
    runEnded: ({ host, agent, ms, failure }) => {
      const outcome = failure ? 'failed' : 'finished';
      runs.add(1, { outcome, class: failure?.class ?? 'none', reason: failure?.reason ?? 'none', host, agent });
      runMs.record(whole(ms), { outcome, agent });
    },
    decided: ({ kind }, { reason }, ms) => {
      decisions.add(1, { kind, reason });
      verdictMs.record(whole(ms), { kind });
    },
    credentialChecked: (state) => checks.add(1, { state }),
    incidentOpened: (scope) => incidents.add(1, { scope }),
    held: (scope) => holds.add(1, { scope }),
    notified: (kind, channel, went) => notices.add(1, { kind, channel, went }),
  };
}

/** Clocks of two machines may disagree, and of a run that was lost the end may be unknown. */
const whole = (ms: number): number => (Number.isFinite(ms) ? Math.max(0, Math.round(ms)) : 0);
