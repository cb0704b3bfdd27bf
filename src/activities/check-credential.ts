// Is what a run was let in with still valid? Asked on the run's own host, which holds the values. One that is another by now
// than the run used was put right meanwhile.

import { agentNamed } from '../agents/index.ts';
import type { CheckInput } from '../domain/contract.ts';
import { type CredentialChecked, sayCredential } from '../domain/credential.ts';
import { type Credential, CredentialMissing, credentialsOf } from '../host/credentials.ts';
import type { Deps } from './deps.ts';

export async function checkCredential(deps: Deps, input: CheckInput): Promise<CredentialChecked> {
  const checked = deps.redact.json(await checkAll(deps, input));
  deps.meters.credentialChecked(checked.state);
  deps.log.info({ task: input.task.id, run: input.n, ...checked }, 'credential checked');
  return checked;
}

async function checkAll(deps: Deps, { task, used }: CheckInput): Promise<CredentialChecked> {
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
  const answers = await Promise.all(credentials.map((credential) => deps.checks.check(credential)));
  return answers.find(({ state }) => state === 'invalid') ?? answers.find(({ state }) => state === 'unknown') ?? answers[0] ?? UNTOLD;
}

const UNTOLD: CredentialChecked = { state: 'unknown', evidence: 'nothing was checked' };
