import { describe, expect, it } from 'vitest';
import type { HostList, HostRow } from '../../src/cli/host-list.ts';
import { PLAIN } from '../../src/cli/ink.ts';
import { renderHosts } from '../../src/cli/render-hosts.ts';
import { NOW } from './a-task.ts';

const look = { ink: PLAIN, now: NOW };
const drained = { by: 'ana', why: 'new kernel', since: '2026-03-01T11:00:00.000Z' };
const paused = { queue: 'runs.gpu', pool: 'gpu', by: 'bob', why: 'quota is gone', since: '2026-03-01T11:58:00.000Z' };

const { pool: _, ...ownQueue } = { ...paused, queue: 'host.build-1.runs' };

const BUILD_1: HostRow = {
  id: 'build-1',
  state: 'draining',
  pools: ['default', 'gpu'],
  capacity: 4,
  running: [
    { task: 'fix-login', run: 2, phase: 'running' },
    { task: 'docs', run: 1, phase: 'looking' },
  ],
  version: '0.1.0',
  since: '2026-03-01T10:00:00.000Z',
  lastSeen: '2026-03-01T11:59:50.000Z',
  drained,
  paused: [paused, ownQueue],
};
const GONE: HostRow = {
  id: 'build-2',
  state: 'silent',
  pools: [],
  capacity: 2,
  running: [],
  version: '0.1.0',
  since: '2026-02-01T10:00:00.000Z',
};
const OLD: HostRow = { id: 'old-1', state: 'up', pools: ['default'], running: [], version: '0.0.9', lastSeen: '2026-03-01T11:59:59.000Z' };
const FLEET: HostList = { hosts: [BUILD_1, GONE, OLD], paused: [paused, ownQueue] };

describe('the hosts as text', () => {
  it('are a table, and below it the runs, and who took out what, why and when', () => {
    expect(renderHosts(FLEET, look)).toMatchInlineSnapshot(`
      "id       state     runs  pools                  version  up for  seen
      build-1  draining  2/4   default, gpu (paused)  0.1.0    2 h     10 s ago
      build-2  silent    0/2   -                      0.1.0    -       not of late
      old-1    up        0/?   default                0.0.9    -       1 s ago

      runs
        build-1  fix-login  run 2  running
        build-1  docs       run 1  looking

      drained
        build-1  by ana, 1 h ago:  new kernel

      paused
        pool gpu                 by bob, 2 min ago:  quota is gone
        queue host.build-1.runs  by bob, 2 min ago:  quota is gone"
    `);
  });

  it('say how to start one where there is none, and still what is paused', () => {
    expect(renderHosts({ hosts: [], paused: [paused] }, look)).toMatchInlineSnapshot(`
      "No host is known. Start one: outlive worker

      paused
        pool gpu  by bob, 2 min ago:  quota is gone"
    `);
  });

  it('print nothing that somebody typed as a command to the terminal', () => {
    const nasty = '\u001b[2J\u001b]0;owned\u0007red\nup';
    const text = renderHosts(
      {
        hosts: [{ ...BUILD_1, version: nasty, drained: { ...drained, by: nasty, why: nasty } }],
        paused: [{ ...paused, why: nasty }],
      },
      look,
    );
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there
    expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/);
  });
});
