// Outputs of the user's own: what their probe and make are told, and what becomes of what they say or throw.

import { describe, expect, it } from 'vitest';
import { createOutlive } from '../../src/outlive.ts';
import { make, probe } from '../../src/outputs/index.ts';
import type { OwnAsked, OwnOutputType } from '../../src/outputs/own.ts';
import { sayComplaint } from '../../src/schema/complaints.ts';
import { checkTaskSpec } from '../../src/schema/task-spec.ts';
import { taskOf } from '../domain/facts.ts';
import { placeOf } from './a-place.ts';

const SPEC = { id: 'ship', agent: { use: 'command', argv: ['x'] }, prompt: 'Ship it.' };
const checked = (outputs: object[], ticket: Partial<OwnOutputType> = {}) =>
  checkTaskSpec({ ...SPEC, outputs }, { outputs: { ticket: { probe: async () => ({ state: 'absent', evidence: '' }), ...ticket } } });
const lines = (...given: Parameters<typeof checked>) => {
  const answer = checked(...given);
  return answer.ok ? [] : answer.complaints.map((complaint) => sayComplaint(complaint));
};

describe('the output of a task', () => {
  it('is made by Outlive where it was registered with a way to make it, and by the agent otherwise', () => {
    const output = { kind: 'ticket', options: { board: 7 } };
    const made = checked([output], { make: async () => ({ state: 'present', evidence: '' }) });
    expect(made.ok && made.task.outputs).toEqual([{ kind: 'own', name: 'ticket', by: 'outlive', reach: 'world', options: { board: 7 } }]);
    const seen = checked([output], { reach: 'host' });
    expect(seen.ok && seen.task.outputs).toEqual([{ kind: 'own', name: 'ticket', by: 'agent', reach: 'host', options: { board: 7 } }]);
  });

  it('is refused with its place where nobody has registered it, where Outlive cannot make it, and where its own check says so', () => {
    expect(lines([{ kind: 'tickett', board: 7 }])).toEqual([
      'outputs[0].kind: "tickett" is no kind of output; expected one of commit, push, pull_request, comment, file, command, http, ticket (did you mean ticket?)',
    ]);
    expect(lines([{ kind: 'ticket', by: 'outlive' }])).toEqual([
      'outputs[0].by: Outlive does not know how to make ticket: it was registered without make; expected agent',
    ]);
    const refuse = ({ board }: Readonly<Record<string, unknown>>) => (typeof board === 'number' ? undefined : 'board: expected its number');
    expect(lines([{ kind: 'ticket', options: { board: 'x' } }], { refuse })).toEqual(['outputs[0].options: board: expected its number']);
    expect(lines([{ kind: 'ticket' }, { kind: 'ticket' }])).toEqual([
      'outputs[1]: the same output as outputs[0]; expected each output once',
    ]);
  });
});

const OUTPUT = { kind: 'own', name: 'ticket', by: 'outlive', reach: 'world', options: { board: 7 } } as const;
const task = taskOf({ outputs: [OUTPUT] });
const place = (ticket: OwnOutputType, over: object = {}) => placeOf({ task, worker: { ...placeOf().worker, own: { ticket } }, ...over });
const making = { source: { gitDir: '/nowhere', from: 'HEAD', borrowIn: '/nowhere' }, again: false, secondLookMs: 1 };

describe('a probe', () => {
  it('is told the options, the branch, the newest commit, and a key that is the same each time', async () => {
    const told: OwnAsked[] = [];
    const ticket: OwnOutputType = {
      probe: async (asked) => {
        told.push(asked);
        return { state: 'present', evidence: 'ticket 12' };
      },
      make: async (asked) => {
        told.push(asked);
        return { state: 'present', evidence: 'ticket 12' };
      },
    };
    const kept = { head: 'abcdef', ref: 'refs/outlive/fix-login/run-1-0a1b2c3d' };
    expect(await probe(OUTPUT, place(ticket, { kept }))).toEqual({
      kind: 'ticket',
      by: 'outlive',
      reach: 'world',
      state: 'present',
      evidence: 'ticket 12',
    });
    await make(OUTPUT, { ...place(ticket), ...making });
    expect(told[0]).toMatchObject({ options: { board: 7 }, branch: 'outlive/fix-login', head: 'abcdef', key: 'fix-login/1' });
    expect(told[0]?.workspace).toBeUndefined();
    expect(told[1]?.key).toBe(told[0]?.key);
  });

  it('that throws has seen nothing, and one that this worker lacks is unknown with what to do', async () => {
    const broken: OwnOutputType = { probe: () => Promise.reject(new Error('the board is down')) };
    expect(await probe(OUTPUT, place(broken))).toMatchObject({ state: 'unknown', evidence: 'the look itself failed: the board is down' });
    expect(await probe(OUTPUT, placeOf({ task }))).toMatchObject({
      state: 'unknown',
      evidence: expect.stringContaining('register it there'),
    });
  });

  it('of what only the host can see is not asked elsewhere', async () => {
    const ticket: OwnOutputType = { reach: 'host', probe: async ({ workspace }) => ({ state: 'present', evidence: workspace ?? '' }) };
    const output = { ...OUTPUT, reach: 'host' } as const;
    expect(await probe(output, place(ticket))).toMatchObject({ state: 'stranded', reach: 'host' });
    expect(await probe(output, place(ticket, { workspace: '/work' }))).toMatchObject({ state: 'present', evidence: '/work' });
  });
});

describe('createOutlive', () => {
  it.each([
    ['Ticket', { probe: () => {} }, 'is no name for an output'],
    ['push', { probe: () => {} }, 'there is an output named push already'],
    ['ticket', {}, 'has no function probe'],
    ['ticket', { probe: () => {}, reach: 'moon' }, 'expected host or world'],
    ['ticket', { probe: () => {}, make: () => {}, reach: 'host' }, 'expected reach: world'],
  ])('refuses the output %s %j', (name, type, words) => {
    expect(() => createOutlive({ outputs: { [name]: type as never } })).toThrow(words);
  });
});
