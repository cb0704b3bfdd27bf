// What an operator can press in Temporal's own UI while an agent runs: no button makes a second agent for the same run.

import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, it, vi } from 'vitest';
import { locateServerBinary } from '../../src/dev-server.ts';
import { runActivityId, taskWorkflowId } from '../../src/domain/names.ts';
import { type SmallFleet, startSmallFleet, WORK } from './small-fleet.ts';

let fleet: SmallFleet;
let binary: string;
beforeAll(async () => {
  fleet = await startSmallFleet('buttons');
  binary = (await locateServerBinary()).path;
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

/** What an operator types. */
const temporal = (...args: readonly string[]) =>
  execFileSync(binary, [...args, '--address', inject('temporalAddress'), '--namespace', fleet.client.options.namespace], {
    encoding: 'utf8',
  });

/** An agent that says in one file when it begins and when it is gone, commits a part, and waits; a later one does the rest. */
async function startAndCommit(id: string): Promise<void> {
  const said = join(fleet.folder, `${id}-said`);
  const begin = `echo "begin $OUTLIVE_RUN" >> ${said}; trap 'echo "gone $OUTLIVE_RUN" >> ${said}' EXIT; trap 'exit 143' TERM`;
  const part = 'echo part > part && git add . && git commit -qm part';
  await fleet.start(
    id,
    `${begin}; if [ -e part ]; then echo rest > rest && git add . && git commit -qm rest; else ${part}; touch ${said}-waits; while :; do sleep 0.1; done; fi`,
  );
  await vi.waitFor(() => expect(existsSync(`${said}-waits`)).toBe(true), { timeout: 15_000 });
}

const saidBy = (id: string) =>
  readFileSync(join(fleet.folder, `${id}-said`), 'utf8')
    .trim()
    .split('\n');
const bankOf = (id: string) => fleet.git('for-each-ref', '--format=%(refname)', `refs/outlive/${id}/`).split('\n').filter(Boolean);

describe("with Temporal's own command line", () => {
  it('terminate ends the agent within a heartbeat, and what it made is kept', async () => {
    await startAndCommit('terminated');
    temporal('workflow', 'terminate', '--workflow-id', taskWorkflowId('terminated'), '--reason', 'a test');
    await vi.waitFor(() => expect(saidBy('terminated')).toEqual(['begin 1', 'gone 1']), { timeout: 10_000, interval: 50 });
    await vi.waitFor(() => expect(bankOf('terminated')).toHaveLength(1), { timeout: 10_000, interval: 50 });
    expect(fleet.git('log', '--format=%s', '-1', bankOf('terminated')[0] ?? '')).toBe('part');
  });

  it('cancel ends the agent, looks and banks, and then the task is cancelled', async () => {
    await startAndCommit('cancelled');
    temporal('workflow', 'cancel', '--workflow-id', taskWorkflowId('cancelled'));
    await expect(fleet.handle('cancelled').result()).rejects.toThrow(/cancelled/i);
    expect(saidBy('cancelled')).toEqual(['begin 1', 'gone 1']);
    expect(bankOf('cancelled')).toHaveLength(1);
  });

  it('reset: the agent of the execution before is gone before the next one begins, which goes on from its work', async () => {
    await startAndCommit('reset-whole');
    temporal('workflow', 'reset', '--workflow-id', taskWorkflowId('reset-whole'), '--type', 'FirstWorkflowTask', '--reason', 'a test');
    expect(await fleet.handle('reset-whole').result()).toMatchObject({ state: 'done', runs: 1 });
    expect(saidBy('reset-whole')).toEqual(['begin 1', 'gone 1', 'begin 1', 'gone 1']);
    expect(fleet.commits('reset-whole').map((sha) => fleet.git('show', '--no-patch', '--format=%s', sha))).toEqual(['part', 'rest']);
  });
});
