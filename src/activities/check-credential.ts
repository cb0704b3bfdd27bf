// Is the credential of a run's agent valid? A free question to its provider, on the host that holds the value.

import type { CheckInput } from '../domain/contract.ts';
import type { CredentialChecked } from '../domain/credential.ts';

/** No check is known for any credential yet, and that is no "no". */
export async function checkCredential({ task }: CheckInput): Promise<CredentialChecked> {
  return { state: 'unknown', evidence: `no check is known for the credential of ${task.agent.use}` };
}
