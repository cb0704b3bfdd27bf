// What a worker counts, scraped as Prometheus does it.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, vi } from 'vitest';
import { freePort } from '../../src/dev-server/ports.ts';
import { startTask } from '../../src/start-task.ts';
import { startHostProcess } from './host-process.ts';
import { makeOrigin } from './origin.ts';
import { ownNamespace } from './own-namespace.ts';
import { WORK } from './small-fleet.ts';

it('runs by how they ended, decisions by kind, and the SDK’s own numbers stand side by side', { timeout: 90_000 }, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'outlive-metrics-'));
  const own = await ownNamespace('metrics');
  const port = await freePort();
  writeFileSync(
    join(folder, 'outlive.yaml'),
    `timing: {heartbeat: 2s, lease: 10s, backoff: 100ms}\nmetrics: {prometheus: '127.0.0.1:${port}'}\n`,
  );
  const env = {
    ...process.env,
    TEMPORAL_ADDRESS: own.address,
    TEMPORAL_NAMESPACE: own.client.options.namespace,
    XDG_STATE_HOME: folder,
    OUTLIVE_CONFIG: join(folder, 'outlive.yaml'),
    OUTLIVE_LOG: 'silent',
  };
  const worker = await startHostProcess('counted', 'default', env, 'all');
  try {
    await startTask(own.client, {
      id: 'counted',
      prompt: 'Do the work.',
      agent: { use: 'command', argv: ['sh', '-c', `test "$OUTLIVE_RUN" = 2 || kill -9 $$; ${WORK}`] },
      workspace: { repo: makeOrigin(folder) },
      outputs: [{ kind: 'commit' }],
    });
    expect(await own.client.workflow.getHandle('task/counted').result()).toMatchObject({ state: 'done', runs: 2 });
    await vi.waitFor(
      async () => {
        const scraped = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
        const lines = scraped.split('\n').filter((line) => line.startsWith('outlive_'));
        const one = (name: string, ...labels: string[]) =>
          lines.filter((line) => line.startsWith(name) && labels.every((label) => line.includes(label)) && /\} 1$/.test(line));
        expect(
          one('outlive_runs_ended_total{', 'outcome="failed"', 'class="host"', 'reason="killed"', 'host="counted"', 'agent="command"'),
        ).toHaveLength(1);
        expect(one('outlive_runs_ended_total{', 'outcome="finished"', 'reason="none"')).toHaveLength(1);
        expect(one('outlive_decisions_total{', 'kind="retry"', 'reason="killed"')).toHaveLength(1);
        expect(one('outlive_verdict_ms_count{', 'kind="retry"')).toHaveLength(1);
        expect(scraped).toContain('temporal_');
      },
      { timeout: 20_000, interval: 200 },
    );
    // Where a second worker would be scraped at the same place, it says so and does not begin.
    await expect(startHostProcess('second', 'default', env)).rejects.toThrow('each worker needs an address of its own');
  } finally {
    await worker.end('SIGTERM');
    await own.close();
    rmSync(folder, { recursive: true, force: true });
  }
});
