// Is what a run was let in with still valid? Asked on the run's own host, which holds the values. One that is another by now
// than the run used was put right meanwhile.

import { agentNamed } from '../agents/index.ts';
import type { CheckInput } from '../domain/contract.ts';
import { type CredentialChecked, type CredentialUsed, sayCredential } from '../domain/credential.ts';
import { sayScope } from '../domain/scope.ts';
import type { Task } from '../domain/task.ts';
import { type Credential, CredentialMissing, credentialsOf, named } from '../host/credentials.ts';
import { credentialScope } from './blame.ts';
import type { Deps } from './deps.ts';

export async function checkCredential(deps: Deps, input: CheckInput): Promise<CredentialChecked> {
  const checked = deps.redact.json(await checkAll(deps, input));
  deps.meters.credentialChecked(checked.state);
  deps.log.info({ task: input.task.id, run: input.n, ...checked }, 'credential checked');
  return checked;
}

/** Found invalid here, by a check that anybody on this host would make: an incident of that credential, for all tasks at once. */
function convict(deps: Deps, { task, n }: CheckInput, used: CredentialUsed, evidence: string): CredentialChecked {
  const checked = { state: 'invalid', evidence } as const;
  if (!isOfHost(deps, task, used)) return checked;
  const scope = credentialScope(used, deps.host);
  deps.health.report(scope, {
    task: task.id,
    run: n,
    host: deps.host,
    verdict: 'strike',
    cause: 'credential_invalid',
    evidence: deps.redact.text(evidence),
  });
  return { ...checked, incident: sayScope(scope) };
}

/** A value or an address that the task itself brings says nothing about anybody else. */
function isOfHost({ credentials }: Deps, { env }: Task, { name, id }: CredentialUsed): boolean {
  if (Object.keys(env).some((variable) => /_(BASE_URL|API_URL)$/.test(variable))) return false;
  try {
    return named(credentials, name).used.id === id;
  } catch {
    return false;
  }
}

async function checkAll(deps: Deps, input: CheckInput): Promise<CredentialChecked> {
  const { task, used } = input;
  let credentials: readonly Credential[];
  try {
    credentials = credentialsOf(deps.credentials, task, agentNamed(deps.agents, task.agent.use)?.credentials ?? []);
  } catch (error) {
    if (!(error instanceof CredentialMissing)) throw error;
    return { state: 'invalid', evidence: error.message };
  }
  const changed = credentials.find(({ used: { name, id } }) => used?.some((before) => before.name === name && before.id !== id));
  if (changed)
    return { state: 'changed', evidence: `${changed.used.name} has another value now than the run had: ${sayCredential(changed.used)}` };
  if (credentials.length === 0) return { state: 'unknown', evidence: `no credential of ${task.agent.use} is known on ${deps.host}` };
  const answers = await Promise.all(credentials.map(async (credential) => ({ credential, ...(await deps.checks.check(credential)) })));
  const invalid = answers.find(({ state }) => state === 'invalid');
  if (invalid) return convict(deps, input, invalid.credential.used, invalid.evidence);
  const [answer = UNTOLD] = answers.toSorted((a, b) => Number(b.state === 'unknown') - Number(a.state === 'unknown'));
  return { state: answer.state, evidence: answer.evidence };
}
const UNTOLD: CredentialChecked = { state: 'unknown', evidence: 'nothing was checked' };
