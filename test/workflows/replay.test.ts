// Tasks live for weeks, workers are deployed every day: every recorded history must replay on today's workflow.

import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { bundleWorkflowCode, DefaultLogger, Runtime, Worker, type WorkflowBundleWithSourceMap } from '@temporalio/worker';
import { DeterminismViolationError } from '@temporalio/workflow';
import { beforeAll, describe, expect, it } from 'vitest';
import { healthRecordingId, healthRecordings } from '../../scripts/health-recordings.ts';
import { recordings } from '../../scripts/recordings.ts';
import { taskWorkflowId } from '../../src/domain/names.ts';

const FOLDER = new URL('../fixtures/histories/', import.meta.url);
const names = readdirSync(FOLDER).filter((name) => name.endsWith('.json'));
/** The workflow that was recorded under this name. */
const workflowIdOf = (name: string): string => {
  const entity = healthRecordings.find((recording) => recording.name === name);
  return entity ? healthRecordingId(entity) : taskWorkflowId(name);
};
const history = (name: string) => JSON.parse(readFileSync(new URL(name, FOLDER), 'utf8'));

let workflowBundle: WorkflowBundleWithSourceMap;
beforeAll(async () => {
  Runtime.install({ logger: new DefaultLogger('ERROR') });
  const workflowsPath = fileURLToPath(new URL('../../src/workflows', import.meta.url));
  workflowBundle = await bundleWorkflowCode({ workflowsPath, logger: new DefaultLogger('ERROR') });
});

describe('recorded histories', () => {
  it('are there, for each way through the workflow', () => {
    const ways = ['invalid-spec', ...recordings('', '').map(({ name }) => name), ...healthRecordings.map(({ name }) => name)];
    expect(ways.filter((way) => !names.includes(`${way}.json`))).toEqual([]);
  });

  it.each(names)('%s replays', async (name) => {
    await Worker.runReplayHistory({ workflowBundle }, history(name), workflowIdOf(name.replace('.json', '')));
  });

  it.each(['asked-by-update.json', 'split-by-a-person.json'])(
    '%s replays too where its answer came three hours later, under a version that did not look first',
    async (name) => {
      const late = history(name);
      const answered = late.events.findIndex(
        (event: { workflowExecutionUpdateAcceptedEventAttributes?: object }) => event.workflowExecutionUpdateAcceptedEventAttributes,
      );
      expect(answered).toBeGreaterThan(0);
      // The answer arrives with the workflow task before it.
      for (const event of late.events.slice(answered - 2))
        event.eventTime = new Date(Date.parse(event.eventTime) + 3 * 3_600_000).toISOString();
      await Worker.runReplayHistory({ workflowBundle }, late, workflowIdOf(name.replace('.json', '')));
    },
  );

  it('would show a workflow that does something else', async () => {
    const other = history('killed-retried.json');
    const settle = other.events.find(
      (event: { activityTaskScheduledEventAttributes?: { activityType: { name: string } } }) =>
        event.activityTaskScheduledEventAttributes?.activityType.name === 'settle',
    );
    settle.activityTaskScheduledEventAttributes.activityType.name = 'finish';
    await expect(Worker.runReplayHistory({ workflowBundle }, other, 'task/killed-retried')).rejects.toBeInstanceOf(
      DeterminismViolationError,
    );
  });
});
