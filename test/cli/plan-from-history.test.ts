// The plan of a split task, told from its recorded history: what `show` says when no worker is up.

import { readFileSync } from 'node:fs';
import { loadDataConverter } from '@temporalio/common/lib/internal-non-workflow/index.js';
import { historyFromJSON } from '@temporalio/common/lib/proto-utils.js';
import proto from '@temporalio/proto';
import { describe, expect, it } from 'vitest';
import { tracesOf } from '../../src/cli/activity-traces.ts';
import { planIn } from '../../src/cli/plan-from-history.ts';
import { statusFrom } from '../../src/cli/status-from-history.ts';

async function statusOf(name: string, upTo?: number) {
  const json = JSON.parse(readFileSync(new URL(`../fixtures/histories/${name}.json`, import.meta.url), 'utf8'));
  // As it comes from the server: its numbers are what the client makes of them.
  const { History } = proto.temporal.api.history.v1;
  const { events } = History.decode(History.encode(historyFromJSON(json)).finish());
  const traces = await tracesOf(events.slice(0, upTo), loadDataConverter({}));
  return statusFrom(traces, { workflowId: `task/${name}`, planned: await planIn(traces) });
}

describe('a split task without a worker', () => {
  it('shows its plan, and which run worked on which step', async () => {
    const { plan, runs } = await statusOf('split');
    expect(plan?.steps).toEqual([
      { title: 'one', state: 'done', runs: [3] },
      { title: 'two', state: 'current', runs: [4] },
    ]);
    expect(runs.map(({ plans, step }) => [plans, step])).toEqual([
      [undefined, undefined],
      [true, undefined],
      [undefined, 1],
      [undefined, 2],
    ]);
  });

  it('shows none before there is one, nor where there never was', async () => {
    expect((await statusOf('split', 12)).plan).toBeUndefined();
    expect((await statusOf('killed-retried')).plan).toBeUndefined();
  });
});
