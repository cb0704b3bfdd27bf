// A module as an agent, on a real server: its own function has every guarantee that a program has.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { STOP_UPDATE } from '../../src/domain/names.ts';
import { listRunDirs, taskOfRunDir } from '../../src/host/state-dir.ts';
import { sendUpdate } from '../../src/send-update.ts';
import { startTask } from '../../src/start-task.ts';
import { outlive } from '../cli/outside.ts';
import { type SmallFleet, startSmallFleet } from './small-fleet.ts';

const PATIENCE = { timeout: 30_000, interval: 50 };
const file = (name: string): string => fileURLToPath(new URL(`../fixtures/modules/${name}`, import.meta.url));

let fleet: SmallFleet;
let env: NodeJS.ProcessEnv;
beforeAll(async () => {
  fleet = await startSmallFleet('modules');
  env = { ...process.env, TEMPORAL_ADDRESS: fleet.address, TEMPORAL_NAMESPACE: fleet.namespace };
});
afterAll(() => fleet?.stop());

async function start(id: string, path: string, prompt = 'do it'): Promise<void> {
  const outputs = [{ kind: 'commit' }, { kind: 'push' }] as const;
  await startTask(fleet.client, { id, agent: { use: 'module', path }, prompt, workspace: { repo: fleet.origin }, outputs });
}

describe.concurrent('a module', () => {
  it('that returns is done, with what it reported on the way', async () => {
    await start('works', file('works.mjs'));
    expect(await fleet.handle('works').result()).toMatchObject({ state: 'done', runs: 1 });
    const [run] = (await fleet.status('works')).runs;
    expect(run).toMatchObject({
      agent: 'module',
      outcome: 'finished',
      usage: { inputTokens: 100, outputTokens: 20, costUsd: 0.01, turns: 2 },
    });
    expect(run?.session).toMatch(/^[0-9a-f-]{36}$/);
    expect(fleet.commits('works')).toHaveLength(1);
    expect(fleet.git('show', 'outlive/works:work')).toMatch(/^works 1 do it \/.*workspace$/);
  });

  it('that throws a RunFailure is obeyed: it waits, and then asks', async () => {
    await start('typed', file('typed.ts'));
    const { text } = await fleet.question('typed');
    const [first, second] = (await fleet.status('typed')).runs;
    // Where the decision took as long as the wait, nothing of it is left.
    expect(first).toMatchObject({ failure: { reason: 'rate_limited', basis: 'typed' }, decision: { kind: 'retry' } });
    expect(Date.parse(second?.startedAt ?? '') - Date.parse(first?.endedAt ?? '')).toBeGreaterThanOrEqual(1500);
    expect(second).toMatchObject({ failure: { reason: 'infeasible' }, decision: { kind: 'ask' } });
    expect(text).toContain('task.infeasible');
    await sendUpdate(fleet.handle('typed'), STOP_UPDATE, { why: 'seen' });

    const replayed = await outlive(['replay', '--json'], { env });
    const lines = replayed.stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect({ code: replayed.code, changes: lines.slice(0, -1) }).toEqual({ code: 0, changes: [] });
    expect(lines.at(-1)).toMatchObject({ changed: 0, withoutEnding: 0 });
    expect(lines.at(-1).decisions).toBeGreaterThanOrEqual(2);
  });

  it('that throws anything else is read as any program is', async () => {
    await start('throws', file('ends.mjs'), 'throws');
    const run = await vi.waitFor(async () => {
      const [first] = (await fleet.status('throws')).runs;
      return first?.decision ? first : Promise.reject(new Error('not decided yet'));
    }, PATIENCE);
    expect(run).toMatchObject({ failure: { reason: 'disk_full' } });
    await sendUpdate(fleet.handle('throws'), STOP_UPDATE, { why: 'seen' });
  });

  it('that is stopped hears it', async () => {
    await start('waits', file('ends.mjs'), 'waits');
    const said = async (name: 'stdout' | 'stderr') => {
      const dir = (await listRunDirs(join(fleet.folder, 'outlive', 'modules'))).find((one) => taskOfRunDir(one) === 'waits');
      return dir ? readFileSync(dir[name], 'utf8') : '';
    };
    await vi.waitFor(async () => expect(await said('stdout')).toContain('waiting'), PATIENCE);
    await sendUpdate(fleet.handle('waits'), STOP_UPDATE, { why: 'enough' });
    expect(await fleet.handle('waits').result()).toMatchObject({ state: 'cancelled', runs: 1 });
    expect(await said('stderr')).toContain('told to stop');
  });
});
