// Asks the run's own host whether the credential that its provider refused is valid: only there lies its value.

import { proxyActivities } from '@temporalio/workflow';
import type { ControlActivities } from '../domain/contract.ts';
import type { CredentialChecked } from '../domain/credential.ts';
import { checkActivityId, hostQueue } from '../domain/names.ts';
import { HOST_TAKES_MS, isNobodyThere } from './settle.ts';
import type { Step } from './step.ts';
import type { TaskLife } from './task-life.ts';

const CHECK_MS = 60_000;

/** Whatever it says, everything is looked at again, and decided with it. */
export async function checkCredential(life: TaskLife, { because }: Extract<Step, { kind: 'check' }>): Promise<Step> {
  life.credential = await asked(life, because);
  return { kind: 'settle' };
}

async function asked(life: TaskLife, because: string): Promise<CredentialChecked> {
  const { n = 0, host, credentials: used } = life.runs.at(-1) ?? {};
  if (host === undefined) return { state: 'unknown', evidence: 'nobody knows on which host it was refused' };
  const { checkCredential } = proxyActivities<Pick<ControlActivities, 'checkCredential'>>({
    taskQueue: hostQueue(host),
    activityId: checkActivityId(n, life.look),
    summary: life.summary(because),
    scheduleToStartTimeout: HOST_TAKES_MS,
    startToCloseTimeout: CHECK_MS,
    retry: { maximumInterval: '1m' },
  });
  try {
    return await checkCredential({ task: life.working, n, ...(used ? { used } : {}) });
  } catch (error) {
    if (!isNobodyThere(error)) throw error;
    return { state: 'unknown', evidence: `${host}, where it was refused, does not answer` };
  }
}
