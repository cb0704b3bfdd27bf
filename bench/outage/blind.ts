// What most fleets do: a workflow with one activity, and the server's own retry.
import { proxyActivities } from '@temporalio/workflow';

const { attempt } = proxyActivities<{ attempt(): Promise<void> }>({
  startToCloseTimeout: '10m',
  retry: { initialInterval: '1s', maximumInterval: '30s' },
});

export async function blind(): Promise<void> {
  await attempt();
}
