// How what is ill comes back, as far as this host can find it out for free: it tests itself before it takes runs again, and
// it checks again the credentials whose values it holds.

import { isAbsolute } from 'node:path';
import type { HostDeps } from './activities/deps.ts';
import { incidentOf } from './domain/health-state.ts';
import { knowsOther } from './domain/incident.ts';
import { type Scope, sayScope } from './domain/scope.ts';
import type { ScopeSeen } from './health-desk.ts';
import { CredentialMissing, named } from './host/credentials.ts';
import { selfTest } from './host/self-test.ts';

export interface Recovery {
  /** Resolves once nothing is under way. */
  stop(): Promise<void>;
}

export function startRecovery(deps: HostDeps, everyMs: number): Recovery {
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;
  let underWay: Promise<void> = Promise.resolve();
  const plan = () => {
    timer = setTimeout(
      () => {
        underWay = recover(deps)
          .catch((error) => deps.log.error({ error: String(error) }, 'a look at what is ill failed; it is made again'))
          .then(() => stopped || plan())
          .then(() => undefined);
      },
      everyMs * (0.75 + Math.random() / 2),
    ).unref();
  };
  plan();
  return {
    stop: async () => {
      stopped = true;
      clearTimeout(timer);
      await underWay;
    },
  };
}

async function recover(deps: HostDeps): Promise<void> {
  for (const seen of deps.health.ill()) {
    if (seen.health.breaker.phase !== 'open') continue;
    if (seen.scope.kind === 'host' && seen.scope.name === deps.host) await testItself(deps, seen);
    if (seen.scope.kind === 'credential' && incidentOf(seen.health.breaker)?.cause === 'credential_invalid') await checkAgain(deps, seen);
  }
}

async function testItself(deps: HostDeps, { scope, health: { breaker } }: ScopeSeen): Promise<void> {
  if (breaker.phase !== 'open' || Date.now() < breaker.untilMs) return;
  const programs = [...deps.programs].filter((program) => !program.includes('/') || isAbsolute(program));
  const { ok, evidence } = await selfTest({ state: deps.state, floor: deps.config.retention.freeBytes, path: deps.env['PATH'], programs });
  deps.log.warn({ ok, evidence }, 'this host has tested itself');
  say(deps, scope, ok ? 'well' : 'ill', evidence);
}

/** Each host speaks for the value that it has: where it has another one, runs may go there, and it is no part of the incident. */
async function checkAgain(deps: HostDeps, { scope, health }: ScopeSeen): Promise<void> {
  const incident = incidentOf(health.breaker);
  const isListed = incident?.hosts.includes(deps.host) === true;
  const [name = '', id] = scope.name.split('@');
  try {
    const credential = named(deps.credentials, name);
    const isAnother = credential.used.id === undefined ? id !== deps.host : credential.used.id !== id;
    if (isAnother && isListed) return say(deps, scope, 'gone', 'it has another value here now');
    // What is known already is not said again and again.
    if (isAnother && incident && knowsOther(incident, deps.host)) return;
    const { state, evidence } = await deps.checks.check(credential);
    deps.meters.credentialChecked(state);
    deps.log.info({ scope: sayScope(scope), state, evidence: deps.redact.text(evidence) }, 'credential checked again');
    // Whoever waits is woken for it: not for a value that lets nobody in either.
    if (isAnother) return state === 'invalid' ? undefined : say(deps, scope, 'gone', evidence);
    if (state === 'valid') say(deps, scope, 'well', evidence);
    if (state === 'invalid' && !isListed) say(deps, scope, 'ill', evidence);
  } catch (error) {
    if (!(error instanceof CredentialMissing)) throw error;
    if (isListed) say(deps, scope, 'gone', error.message);
  }
}

function say(deps: HostDeps, scope: Scope, verdict: 'well' | 'ill' | 'gone', evidence: string): void {
  deps.health.report(scope, { task: '', run: 0, host: deps.host, verdict, evidence: deps.redact.text(evidence) });
}
