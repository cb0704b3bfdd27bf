// The metrics that are counted, described and drawn are the same ones, with the same labels.

import { readFileSync } from 'node:fs';
import type { MetricMeter } from '@temporalio/common';
import { describe, expect, it } from 'vitest';
import { createMeters } from '../src/activities/meters.ts';
import { REASONS } from '../src/domain/failure.ts';
import { failureOf } from './domain/facts.ts';

/** As Prometheus has them: name, labels. */
const counted = new Map<string, string[]>();
const take =
  (name: string) =>
  (_: number, labels: Record<string, string> = {}) =>
    void counted.set(name, Object.keys(labels).toSorted());
const meters = createMeters({
  createCounter: (name: string) => ({ add: take(`${name}_total`) }),
  createHistogram: (name: string) => ({ record: take(name) }),
} as unknown as MetricMeter);
const failure = failureOf('killed');
meters.runEnded({ host: 'h1', agent: 'claude', ms: 1, failure });
meters.decided({ kind: 'retry' } as Parameters<typeof meters.decided>[0], failure, 1);
meters.credentialChecked('valid');
meters.incidentOpened('host');
meters.held('provider');
meters.notified('ask', 'webhook', 'out');

const read = (path: string): string => readFileSync(new URL(`../${path}`, import.meta.url), 'utf8');

describe('the metrics', () => {
  it('stand in docs/operations.md, each with its labels', () => {
    const rows = [...read('docs/operations.md').matchAll(/^\| `(outlive_\w+)` \| (.+?) \|/gm)];
    const labels = (cell = '') => [...cell.matchAll(/`(\w+)`/g)].map(([, label]) => label).toSorted();
    expect(new Map(rows.map(([, name, cell]) => [name, labels(cell)]))).toEqual(counted);
  });

  it('are all drawn by the dashboard, which draws nothing else of ours and asks for no label that is not there', () => {
    const { panels } = JSON.parse(read('deploy/grafana-dashboard.json')) as { panels: { id: number; targets: { expr: string }[] }[] };
    const exprs = panels.flatMap(({ targets }) => targets.map(({ expr }) => expr));
    const drawn = exprs.flatMap((expr) => expr.match(/outlive_\w+/g) ?? []).map((name) => name.replace(/_(?:bucket|sum|count)$/, ''));
    expect(new Set(drawn)).toEqual(new Set(counted.keys()));
    for (const expr of exprs) {
      const [name = ''] = expr.match(/outlive_\w+?(?=_bucket|[[{])/) ?? [];
      const asked = (/by \(([^)]+)\)/.exec(expr)?.[1] ?? '').split(', ').filter((label) => label !== '' && label !== 'le');
      expect(counted.get(name), name).toEqual(expect.arrayContaining(asked));
    }
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
    for (const [, reason = ''] of exprs.join(' ').matchAll(/reason="(\w+)"/g)) expect(Object.keys(REASONS)).toContain(reason);
  });
});
