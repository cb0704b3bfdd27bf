// The example of a worker of one's own, as a user starts it: its task type, its agent, and an output that Outlive makes.

import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it, vi } from 'vitest';
import type { TaskStatus } from '../../src/domain/contract.ts';
import { STATUS_QUERY } from '../../src/domain/names.ts';
import { makeOrigin } from './origin.ts';
import { ownNamespace } from './own-namespace.ts';

const example = (name: string) => fileURLToPath(new URL(`../../examples/own-worker/${name}`, import.meta.url));

it('does a task of its own type, and makes its own output once', { timeout: 90_000 }, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'outlive-own-worker-'));
  const own = await ownNamespace('own-worker');
  const origin = makeOrigin(folder);
  const board = join(folder, 'board.txt');
  writeFileSync(join(folder, 'outlive.yaml'), 'timing: {heartbeat: 2s, lease: 10s}\n');
  const env = {
    ...process.env,
    TEMPORAL_ADDRESS: own.address,
    TEMPORAL_NAMESPACE: own.client.options.namespace,
    XDG_STATE_HOME: folder,
    OUTLIVE_CONFIG: join(folder, 'outlive.yaml'),
    OUTLIVE_LOG: 'silent',
  };
  const worker = spawn(process.execPath, ['--import', 'tsx', example('worker.ts')], { env, stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = once(worker, 'exit');
  try {
    let said = '';
    worker.stdout.on('data', (chunk) => {
      said += String(chunk);
    });
    await vi.waitFor(() => expect(said).toContain('ready host=own-worker'), { timeout: 40_000, interval: 100 });
    const start = () =>
      execFileSync(process.execPath, ['--import', 'tsx', example('start.ts'), '1.4.0', origin, board], { env, encoding: 'utf8' });
    expect(start()).toContain('release-notes-1-4-0 is started');
    const handle = own.client.workflow.getHandle('task/release-notes-1-4-0');
    expect(await handle.result()).toMatchObject({ state: 'done', runs: 1 });
    expect((await handle.query<TaskStatus>(STATUS_QUERY)).outputs).toContainEqual(
      expect.objectContaining({ kind: 'board', by: 'outlive', state: 'present' }),
    );
    expect(readFileSync(board, 'utf8')).toBe('1.4.0 is written on outlive/release-notes-1-4-0 (release-notes-1-4-0/3)\n');
    expect(start()).toContain('was started before');
  } finally {
    worker.kill('SIGTERM');
    await ended;
    await own.close();
    rmSync(folder, { recursive: true, force: true });
  }
});
