import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { healthDetails } from '../../src/domain/health-details.ts';
import { type HostCard, type HostState, readHealthInput, readHostState, readWish, signalsOf } from '../../src/domain/host.ts';
import { hostHealthId, hostOfHealthId } from '../../src/domain/names.ts';

const CARD: HostCard = {
  host: 'build-1',
  pools: ['default', 'gpu'],
  capacity: 4,
  version: '0.1.0',
  bootId: 'b1',
  startedAt: '2026-03-01T10:00:00.000Z',
};
const SCOPE = { kind: 'host', name: 'build-1' } as const;
const NOW = '2026-03-01T12:00:00.000Z';
const JOINED: HostState = { card: CARD };
const DRAINED: HostState = { card: CARD, drained: { by: 'ana', why: 'new kernel', since: NOW } };

const send = (state: HostState, signal: string, sent?: unknown, now = NOW): HostState =>
  signalsOf(SCOPE)[signal]?.take(state, sent, { scope: SCOPE, now }) ?? state;

describe('a signal to a host', () => {
  it.each<[string, HostState, string, unknown, HostState]>([
    ['joined puts its card on record', {}, 'joined', CARD, JOINED],
    ['joined again is the newer card', JOINED, 'joined', { ...CARD, capacity: 8 }, { card: { ...CARD, capacity: 8 } }],
    ['joined keeps a drained host drained: a restart takes nothing back', { ...DRAINED, card: CARD }, 'joined', CARD, DRAINED],
    ['joined leaves out what a newer worker may say besides', {}, 'joined', { ...CARD, mood: 'good' }, JOINED],
    ['drain says who, why and since when', JOINED, 'drain', { why: 'new kernel', by: 'ana' }, DRAINED],
    [
      'drain takes the reason alone, as a person types it in the Web UI',
      {},
      'drain',
      ' hot ',
      { drained: { by: 'somebody', why: 'hot', since: NOW } },
    ],
    ['drain takes nothing at all', {}, 'drain', undefined, { drained: { by: 'somebody', why: 'no reason given', since: NOW } }],
    ['undrain takes it back', DRAINED, 'undrain', { by: 'bob' }, JOINED],
  ])('%s', (_, before, signal, sent, then) => {
    expect(send(before, signal, sent)).toEqual(then);
  });

  it.each<[string, HostState, string]>([
    ['drain of a drained host', DRAINED, 'drain'],
    ['undrain of a host that is not', JOINED, 'undrain'],
  ])('changes nothing by %s, so that nothing is written', (_, before, signal) => {
    expect(send(before, signal, { by: 'bob', why: 'later' }, '2026-03-02T00:00:00.000Z')).toBe(before);
  });

  it.each<[string, string, unknown, string]>([
    ['no card', 'joined', 'hello', 'a card is an object with host, pools, capacity, version, bootId, startedAt'],
    ['the card of another host', 'joined', { ...CARD, host: 'build-2' }, 'this is the entity of host build-1'],
    ['pools that are no names', 'joined', { ...CARD, pools: ['a b'] }, '"pools" of a card must be a list of at most 50 pools'],
    ['no seat', 'joined', { ...CARD, capacity: 0 }, '"capacity" of a card must be a whole number of 1 or more'],
    ['half a seat', 'joined', { ...CARD, capacity: 1.5 }, '"capacity" of a card must be a whole number of 1 or more'],
    ['a time that is none', 'joined', { ...CARD, startedAt: 'today' }, '"startedAt" of a card must be an ISO time'],
    ['a number as a reason', 'drain', { why: 7 }, '"why" must be a text of at most 250 characters'],
    ['a reason as long as a letter', 'drain', 'x'.repeat(251), '"why" must be a text of at most 250 characters'],
    ['a list', 'undrain', ['now'], 'expected {"why": "…", "by": "you"}, or the reason alone as a text'],
  ])('with %s is counted, and changes nothing else', (_, signal, sent, last) => {
    expect(send(DRAINED, signal, sent)).toEqual({ ...DRAINED, refused: { count: 1, last } });
    expect(send(send(DRAINED, signal, sent), signal, sent).refused?.count).toBe(2);
  });

  it('takes anything, never throws, and leaves a state that can be read again', () => {
    fc.assert(
      fc.property(
        fc.constantFrom('joined', 'drain', 'undrain'),
        fc.anything({ withBigInt: true, withNullPrototype: true }),
        (signal, sent) => {
          const state = send(DRAINED, signal, sent);
          expect(readHostState(state)).toEqual(state);
        },
      ),
    );
  });
});

describe('a state that is read from a memo', () => {
  it('is what was written', () => {
    const full = { ...DRAINED, refused: { count: 2, last: 'expected something' } };
    expect(readHostState(JSON.parse(JSON.stringify(full)))).toEqual(full);
  });

  it.each([
    ['nothing', undefined, {}],
    ['a text', 'drained', {}],
    ['a card of a version to come', { ...DRAINED, card: { name: 'build-1' } }, { drained: DRAINED.drained }],
    ['a drain without a time', { card: CARD, drained: { by: 'ana', why: 'x' } }, JOINED],
    ['a count below nothing', { card: CARD, refused: { count: -1, last: 'x' } }, JOINED],
  ])('leaves out what it cannot read of %s', (_, sent, read) => {
    expect(readHostState(sent)).toEqual(read);
  });
});

describe('what an entity is started with', () => {
  const id = hostHealthId('build-1');
  const input = { v: 1, scope: 'host', name: 'build-1' };

  it('is its host, and its state where it goes on', () => {
    expect(readHealthInput(input, id)).toEqual({ ok: true, value: input });
    expect(readHealthInput({ ...input, state: DRAINED }, id)).toEqual({ ok: true, value: { ...input, state: DRAINED } });
    expect(hostOfHealthId(id)).toBe('build-1');
  });

  it.each([
    ['nothing', undefined, 'is started with {"v": 1, "scope": "host"'],
    ['a version to come', { ...input, v: 2 }, 'is started with {"v": 1'],
    ['another scope', { ...input, scope: 'region' }, 'is started with {"v": 1'],
    ['the scope of another', { ...input, scope: 'provider' }, 'the entity of provider/build-1 has the id health/provider/build-1'],
    ['a name that is none', { ...input, name: 'Build 1' }, 'is started with {"v": 1'],
    ['the name of another', { ...input, name: 'build-2' }, 'the entity of host/build-2 has the id health/host/build-2'],
  ])('is refused as %s, with the form that is expected', (_, sent, problem) => {
    expect(readHealthInput(sent, id)).toEqual({ ok: false, problem: expect.stringContaining(problem) });
  });
});

describe('who and why', () => {
  it('are nobody and nothing where nothing is said', () => {
    expect(readWish({ why: '  ', by: null })).toEqual({ ok: true, value: { by: 'somebody', why: 'no reason given' } });
  });
});

describe('the details of a host in the Web UI', () => {
  it('say that it takes runs, and the command that takes it out', () => {
    expect(healthDetails(SCOPE, JOINED)).toMatchInlineSnapshot(`
      "### Host build-1

      **Takes runs.** To take it out: \`outlive drain build-1 --why "…"\`

      - pools: default, gpu
      - runs at once: 4
      - its worker: version 0.1.0, since 2026-03-01T10:00:00.000Z"
    `);
  });

  it('say who took it out and why, and the command that takes it back', () => {
    const state = { ...DRAINED, refused: { count: 2, last: '"why" must be a text' } };
    expect(healthDetails(SCOPE, state)).toMatchInlineSnapshot(`
      "### Host build-1

      **Drained** by ana since 2026-03-01T12:00:00.000Z: new kernel

      It takes no new run; runs that live there go on. To take it back: \`outlive drain build-1 --undo\`

      - pools: default, gpu
      - runs at once: 4
      - its worker: version 0.1.0, since 2026-03-01T10:00:00.000Z

      Signals that could not be read: 2, the last one: "why" must be a text"
    `);
  });

  it('say nothing of a worker that nobody has heard of, and let no word be taken for HTML', () => {
    expect(healthDetails(SCOPE, { drained: { by: '<b>', why: 'a\n# b', since: NOW } })).toMatchInlineSnapshot(`
      "### Host build-1

      **Drained** by \\<b> since 2026-03-01T12:00:00.000Z: a # b

      It takes no new run; runs that live there go on. To take it back: \`outlive drain build-1 --undo\`

      No worker of it has joined yet."
    `);
  });
});
