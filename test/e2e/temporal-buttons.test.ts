// What an operator can press in Temporal's own UI while an agent runs: no button makes a second agent for the same run.

import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { runActivityId, taskWorkflowId } from '../../src/domain/names.ts';
import { type SmallFleet, startSmallFleet, WORK } from './small-fleet.ts';

let fleet: SmallFleet;
beforeAll(async () => {
  fleet = await startSmallFleet('buttons');
});
afterAll(() => fleet?.stop());

const target = (id: string) => ({
  namespace: fleet.client.options.namespace,
  execution: { workflowId: taskWorkflowId(id) },
  id: runActivityId(1),
});
type Press = (id: string) => Promise<unknown>;
const pause: Press = (id) => fleet.client.workflowService.pauseActivity({ ...target(id), identity: 'a test', reason: 'a test' });
const unpause: Press = (id) => fleet.client.workflowService.unpauseActivity({ ...target(id), identity: 'a test', resetAttempts: true });
const reset: Press = (id) => fleet.client.workflowService.resetActivity({ ...target(id), identity: 'a test', resetHeartbeat: true });

const startsOf = (id: string) =>
  readFileSync(join(fleet.folder, `${id}-starts`), 'utf8')
    .trim()
    .split('\n');

const goOn = (id: string): void => writeFileSync(join(fleet.folder, `${id}-go`), '');

/** Its first agent waits for ever, or until it is told to go on. */
async function startAndWait(id: string): Promise<void> {
  const file = (name: string) => join(fleet.folder, `${id}-${name}`);
  const say = `echo $OUTLIVE_RUN >> ${file('starts')}`;
  await fleet.start(id, `${say}; while [ ! -e ${file('go')} ]; do sleep 0.05; done; ${WORK}`, `${say}; ${WORK}`);
  await vi.waitFor(() => expect(existsSync(file('starts'))).toBe(true), { timeout: 15_000 });
}

describe('an activity of a run', () => {
  it.each([
    ['paused', pause],
    ['reset', reset],
  ] as const)('that is %s only hands the run to another activity: the agent works on', async (id, press) => {
    await startAndWait(id);
    await press(id);
    await vi.waitFor(async () => expect((await fleet.status(id)).runs).toMatchObject([{ n: 1, reattached: 1 }]), {
      timeout: 15_000,
      interval: 50,
    });
    goOn(id);
    expect(await fleet.handle(id).result()).toMatchObject({ state: 'done', runs: 1, reasons: {} });
    expect(startsOf(id)).toEqual(['1']);
    expect(fleet.commits(id)).toHaveLength(1);
  });

  it('that is paused and at once unpaused has one agent, whichever of the two its host saw first', async () => {
    await startAndWait('unpaused');
    await pause('unpaused');
    await unpause('unpaused');
    goOn('unpaused');
    expect(await fleet.handle('unpaused').result()).toMatchObject({ state: 'done' });
    expect(startsOf('unpaused').filter((run) => run === '1')).toHaveLength(1);
    expect(fleet.commits('unpaused')).toHaveLength(1);
  });
});
