import { describe, expect, it } from 'vitest';
import type { Task, TaskSpec } from '../../src/domain/task.ts';
import { differences, taskDigest } from '../../src/schema/task-digest.ts';
import { taskOf } from '../../src/schema/task-of.ts';

const SPEC: TaskSpec = {
  id: 'write-report',
  agent: { use: 'command', argv: ['./agent.sh'] },
  prompt: 'Write the report.',
  outputs: [{ kind: 'file', path: 'report.md' }],
};
const task = (change: Partial<TaskSpec> = {}): Task => taskOf({ ...SPEC, ...change });

describe('the digest of a task', () => {
  it('is the same in whatever order the keys stand', () => {
    const turned = Object.fromEntries(Object.entries(task()).reverse()) as unknown as Task;
    expect(taskDigest(turned)).toBe(taskDigest(task()));
    expect(taskDigest(task())).toMatch(/^[0-9a-f]{64}$/);
  });

  it('is the same where a spec says what is the default anyway', () => {
    expect(taskDigest(task({ pool: 'default', limits: { runs: 6, wall: '480m' } }))).toBe(taskDigest(task()));
  });

  it('is another one for other work', () => {
    expect(taskDigest(task({ prompt: 'Write it.' }))).not.toBe(taskDigest(task()));
    expect(taskDigest(task({ continues: 'write-it' }))).not.toBe(taskDigest(task()));
  });

  it('heeds the order of a list', () => {
    const argv = (...parts: string[]): Task => task({ agent: { use: 'command', argv: parts } });
    expect(taskDigest(argv('a', 'b'))).not.toBe(taskDigest(argv('b', 'a')));
  });
});

describe('the differences of two tasks', () => {
  it('are none for the same work', () => {
    expect(differences(task(), task())).toEqual([]);
  });

  it('are one line a place, with both values', () => {
    const other = task({
      prompt: `Write the report.\n${'At length. '.repeat(20)}`,
      limits: { runs: 8, costUsd: 5, run: { costUsd: 1 } },
      outputs: [{ kind: 'file', path: 'report.txt' }, { kind: 'commit' }],
      workspace: { repo: '/srv/shop' },
    });
    expect(differences(task(), other)).toEqual([
      'prompt: "Write the report." → "Write the report.\\nAt length. At length. At length. At lengt…"',
      'outputs[0].path: "report.md" → "report.txt"',
      'outputs[1]: not there → {"by":"agent","conclusive":false,"kind":"commit"}',
      'limits.runs: 6 → 8',
      'limits.run.costUsd: not there → 1',
      'limits.costUsd: not there → 5',
      'bank: "host" → "origin"',
      'workspace: not there → {"base":"main","repo":"/srv/shop"}',
    ]);
  });

  it('show where long texts part', () => {
    const long = 'Write the report at length. '.repeat(10);
    expect(differences(task({ title: 'T', prompt: `${long}Then rest.` }), task({ title: 'T', prompt: `${long}Then go on.` }))).toEqual([
      'prompt: "…t length. Then rest." → "…t length. Then go on."',
    ]);
    expect(differences(task({ title: 'T', prompt: long }), task({ title: 'T', prompt: `${long}Rest.` }))).toEqual([
      'prompt: "…ort at length. " → "…ort at length. Rest."',
    ]);
  });

  it('never show a value of the environment', () => {
    const [one, other] = [task({ env: { A: 's3cret', B: 'x' } }), task({ env: { A: 't0ken', C: 'y' } })];
    expect(differences(one, other)).toEqual(['env.A: another value', 'env.B: given → not there', 'env.C: not there → given']);
  });
});
