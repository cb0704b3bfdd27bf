// What an operator can press in Temporal's own UI, or type, while an agent runs: none of it makes a second agent for the
// same run, leaves one behind, or loses what it made.

import { execFile } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, inject, it, vi } from 'vitest';
import { locateServerBinary } from '../../src/dev-server.ts';
import { runActivityId, taskWorkflowId } from '../../src/domain/names.ts';
import { type JournalRead, readJournal } from '../../src/host/journal.ts';
import { listRunDirs, taskOfRunDir } from '../../src/host/state-dir.ts';
import { type SmallFleet, startSmallFleet, WORK } from './small-fleet.ts';

const HOST = 'buttons';
/** How many runs it takes at once. */
const CAPACITY = 4;
const PATIENCE = { timeout: 45_000, interval: 50 };
const TIMEOUT_MS = 120_000;

let fleet: SmallFleet;
let binary: string;
beforeAll(async () => {
  // An agent that ends soon ends because it was told to, not because its lease ran out.
  fleet = await startSmallFleet(HOST, { lease: '1m' });
  binary = (await locateServerBinary()).path;
});
afterAll(() => fleet?.stop());

/** What an operator types. Rejects with what it printed where the server refuses. */
async function temporal(noun: 'workflow' | 'activity', verb: string, id: string, ...more: readonly string[]): Promise<void> {
  const where = ['--address', inject('temporalAddress'), '--namespace', fleet.client.options.namespace];
  await promisify(execFile)(binary, [noun, verb, '--workflow-id', taskWorkflowId(id), ...more, ...where]);
}

const ofRun = ['--activity-id', runActivityId(1)] as const;
const pause = (id: string) => temporal('activity', 'pause', id, ...ofRun);
const unpause = (id: string) => temporal('activity', 'unpause', id, ...ofRun, '--reset-attempts');
const reset = (id: string) => temporal('activity', 'reset', id, ...ofRun, '--reset-heartbeats');

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
  await vi.waitFor(() => expect(existsSync(file('starts'))).toBe(true), PATIENCE);
}

describe('an activity of a run', { timeout: TIMEOUT_MS }, () => {
  it.each([
    ['paused', pause],
    ['reset', reset],
  ] as const)('that is %s only hands the run to another activity: the agent works on', async (id, press) => {
    await startAndWait(id);
    await press(id);
    await vi.waitFor(async () => expect((await fleet.status(id)).runs).toMatchObject([{ n: 1, reattached: 1 }]), PATIENCE);
    goOn(id);
    expect(await fleet.handle(id).result()).toMatchObject({ state: 'done', runs: 1, reasons: {} });
    expect(startsOf(id)).toEqual(['1']);
    expect(fleet.commits(id)).toHaveLength(1);
  });

  it('that is paused and at once unpaused has one agent, whichever of the two its host saw first', async () => {
    await startAndWait('unpaused');
    await pause('unpaused');
    // Refused where the host has seen the pause by then.
    await unpause('unpaused').catch(() => undefined);
    goOn('unpaused');
    expect(await fleet.handle('unpaused').result()).toMatchObject({ state: 'done', runs: 1, reasons: {} });
    expect(startsOf('unpaused')).toEqual(['1']);
    expect(fleet.commits('unpaused')).toHaveLength(1);
  });
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
  await vi.waitFor(() => expect(existsSync(`${said}-waits`)).toBe(true), PATIENCE);
}

const saidBy = (id: string) =>
  readFileSync(join(fleet.folder, `${id}-said`), 'utf8')
    .trim()
    .split('\n');
const bankOf = (id: string) => fleet.git('for-each-ref', '--format=%(refname)', `refs/outlive/${id}/`).split('\n').filter(Boolean);

/** What its host wrote down of the task's runs. */
async function journalsOf(id: string): Promise<JournalRead[]> {
  const dirs = await listRunDirs(join(fleet.folder, 'outlive', HOST));
  return Promise.all(dirs.filter((dir) => taskOfRunDir(dir) === id).map(readJournal));
}

describe('a task', { timeout: TIMEOUT_MS }, () => {
  it('that is terminated: its agent is told to end, what it made is kept, and its host is free for others', async () => {
    const ids = Array.from({ length: CAPACITY }, (_, at) => `terminated-${at}`);
    await Promise.all(ids.map(startAndCommit));
    await Promise.all(ids.map((id) => temporal('workflow', 'terminate', id, '--reason', 'a test')));
    for (const id of ids) {
      const kept = { kind: 'known', journal: { exit: { endedBy: 'cancel' }, reported: { how: 'kept' } } };
      await vi.waitFor(async () => expect(await journalsOf(id)).toMatchObject([kept]), PATIENCE);
      expect(saidBy(id)).toEqual(['begin 1', 'gone 1']);
      expect(bankOf(id)).toHaveLength(1);
      expect(fleet.git('log', '--format=%s', '-1', bankOf(id)[0] ?? '')).toBe('part');
    }
    await fleet.start('after-terminated', WORK);
    expect(await fleet.handle('after-terminated').result()).toMatchObject({ state: 'done', runs: 1 });
  });

  it('that is cancelled ends its agent, is looked at and banked, and only then it is over', async () => {
    await startAndCommit('cancelled');
    await temporal('workflow', 'cancel', 'cancelled');
    await expect(fleet.handle('cancelled').result()).rejects.toThrow(/cancelled/i);
    expect((await fleet.handle('cancelled').describe()).status.name).toBe('CANCELLED');
    expect(saidBy('cancelled')).toEqual(['begin 1', 'gone 1']);
    expect(bankOf('cancelled')).toHaveLength(1);
    const [run] = (await fleet.status('cancelled')).runs;
    expect(run).toMatchObject({ outcome: 'cancelled', host: HOST, failure: { reason: 'cancelled', rule: 'ended_by_cancel' } });
    expect(run).not.toHaveProperty('reattached');
    expect(await journalsOf('cancelled')).toMatchObject([{ journal: { exit: { endedBy: 'cancel' }, reported: { how: 'accepted' } } }]);
  });

  it('that is reset: the agent of the execution before is gone before the next one begins, which goes on from its work', async () => {
    await startAndCommit('reset-whole');
    await temporal('workflow', 'reset', 'reset-whole', '--type', 'FirstWorkflowTask', '--reason', 'a test');
    expect(await fleet.handle('reset-whole').result()).toMatchObject({ state: 'done', runs: 1 });
    expect(saidBy('reset-whole')).toEqual(['begin 1', 'gone 1', 'begin 1', 'gone 1']);
    expect(fleet.commits('reset-whole').map((sha) => fleet.git('show', '--no-patch', '--format=%s', sha))).toEqual(['part', 'rest']);
    expect(await journalsOf('reset-whole')).toHaveLength(2);
  });
});
