// The least that a workflow with work can be: one activity.
import { proxyActivities } from '@temporalio/workflow';

const { nothing } = proxyActivities<{ nothing(): Promise<void> }>({ startToCloseTimeout: '1m', retry: { maximumAttempts: 1 } });

export async function bare(): Promise<void> {
  await nothing();
}
