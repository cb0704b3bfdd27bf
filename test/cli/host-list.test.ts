import { describe, expect, it } from 'vitest';
import { type HostCondition, type HostFacts, hostRow, poolsOf } from '../../src/cli/host-list.ts';
import { NOW } from './a-task.ts';

const SECOND = 1000;
const card = { host: 'build-1', pools: ['gpu'], capacity: 4, version: '0.1.0', bootId: 'b', startedAt: '2026-03-01T10:00:00.000Z' };
const drained = { by: 'ana', why: 'new kernel', since: '2026-03-01T11:00:00.000Z' };
const run = { host: 'build-1', task: 'fix-login', run: 2, phase: 'running' };
const poll = (agoMs: number, identity = 'build-1/12/0.1.0') => ({ identity, lastSeenMs: NOW - agoMs });

const facts = (more: Partial<HostFacts>): HostFacts => ({
  host: { id: 'build-1', pools: ['gpu'], card },
  pollers: [poll(10 * SECOND)],
  running: [],
  paused: [],
  ...more,
});

describe('the state of a host', () => {
  it.each<[string, Partial<HostFacts>, HostCondition]>([
    ['is up while it polls', {}, 'up'],
    ['is up with an open poll that is about to be renewed', { pollers: [poll(90 * SECOND)] }, 'up'],
    ['is silent after that', { pollers: [poll(91 * SECOND)] }, 'silent'],
    ['is silent where the server has forgotten it', { pollers: [] }, 'silent'],
    ['is up by its newest poll, whatever an earlier worker left', { pollers: [poll(240 * SECOND), poll(SECOND)] }, 'up'],
    ['is draining while runs live there', { host: { id: 'build-1', pools: [], card, drained }, running: [run] }, 'draining'],
    ['is drained once none does', { host: { id: 'build-1', pools: [], card, drained } }, 'drained'],
    ['is silent where it is gone, drained or not', { host: { id: 'build-1', pools: [], card, drained }, pollers: [] }, 'silent'],
  ])('%s', (_, more, state) => {
    expect(hostRow(facts(more), NOW).state).toBe(state);
  });
});

describe('the row of a host', () => {
  it('has what its worker said, when it was seen last, and what lives there', () => {
    expect(hostRow(facts({ running: [run] }), NOW)).toEqual({
      id: 'build-1',
      state: 'up',
      pools: ['gpu'],
      capacity: 4,
      running: [{ task: 'fix-login', run: 2, phase: 'running' }],
      version: '0.1.0',
      since: '2026-03-01T10:00:00.000Z',
      lastSeen: '2026-03-01T11:59:50.000Z',
    });
  });

  it('has of a host that never joined only what its polls tell', () => {
    const pollers = [poll(SECOND, 'old-1/12/0.0.9')];
    expect(hostRow(facts({ host: { id: 'old-1', pools: ['gpu'] }, pollers }), NOW)).toEqual({
      id: 'old-1',
      state: 'up',
      pools: ['gpu'],
      running: [],
      version: '0.0.9',
      lastSeen: '2026-03-01T11:59:59.000Z',
    });
  });
});

describe('the pools', () => {
  it('are those of all hosts, and the one of a task that names none', () => {
    expect(poolsOf([])).toEqual(['default']);
    expect(
      poolsOf([
        { id: 'a', pools: ['gpu', 'arm'] },
        { id: 'b', pools: ['gpu'] },
      ]),
    ).toEqual(['arm', 'default', 'gpu']);
  });
});
