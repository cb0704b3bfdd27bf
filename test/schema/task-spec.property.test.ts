import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import type { OutputSpec, TaskSpec } from '../../src/domain/task.ts';
import { sayComplaint } from '../../src/schema/complaints.ts';
import { type CheckedSpec, checkTaskSpec, parseTaskSpec } from '../../src/schema/task-spec.ts';

const optional = { requiredKeys: [] };
const text = fc.string({ unit: 'grapheme', minLength: 1 }).filter((value) => value.trim() !== '' && !value.includes('\0'));
const line = text.filter((value) => !/\p{Cc}/u.test(value) && value.length <= 100);
const argv = fc
  .tuple(
    text,
    fc.array(
      fc.string({ unit: 'grapheme' }).filter((part) => !part.includes('\0')),
      { maxLength: 3 },
    ),
  )
  .map(([program, rest]) => [program, ...rest]);
const span = fc.tuple(fc.integer({ min: 1, max: 700 }), fc.constantFrom('ms', 's', 'm', 'h')).map(([value, unit]) => `${value}${unit}`);
const name = fc.stringMatching(/^[a-z0-9][a-z0-9-]{0,62}$/);
const count = fc.integer({ min: 1, max: 1000 });
const dollars = fc.double({ min: 0.01, max: 1e6, noNaN: true });

const withRepository: fc.Arbitrary<Pick<TaskSpec, 'workspace' | 'bank' | 'outputs'>> = fc.record(
  {
    workspace: fc.record(
      { repo: fc.constantFrom('/srv/shop', 'git@host:shop.git', 'https://host/shop'), base: fc.constantFrom('main', 'v1/x') },
      { requiredKeys: ['repo'] },
    ),
    bank: fc.constantFrom('origin', 'host'),
    outputs: fc.constantFrom<OutputSpec[]>(
      [{ kind: 'commit' }],
      [{ kind: 'push' }, { kind: 'commit', conclusive: true }],
      [{ kind: 'push', by: 'agent' }],
    ),
  },
  { requiredKeys: ['workspace', 'outputs'] },
);
const withoutRepository: fc.Arbitrary<Pick<TaskSpec, 'outputs'>> = fc.record({
  outputs: fc.tuple(argv, span).map(([program, timeout]): OutputSpec[] => [
    { kind: 'file', path: 'docs/report.md' },
    { kind: 'command', argv: program, timeout },
  ]),
});

const limits = fc.oneof(
  fc.record({ runs: count, perReason: count, wall: span }, optional),
  fc.record({
    costUsd: dollars,
    run: fc.record({ wall: fc.constantFrom('2h', '1d'), stall: fc.constantFrom('1s', '2h'), costUsd: dollars }),
  }),
);
const rest = fc.record(
  {
    id: name,
    agent: fc.record({ use: fc.constant('command' as const), argv }),
    prompt: text,
    title: line,
    owner: line,
    checks: fc.array(fc.record({ argv, timeout: span }, { requiredKeys: ['argv'] }), { maxLength: 2 }),
    limits,
    pool: name,
    continues: name,
    env: fc.dictionary(
      fc.stringMatching(/^[A-Z][A-Za-z0-9_]{0,8}$/).filter((key) => !key.startsWith('OUTLIVE_')),
      text,
    ),
  },
  { requiredKeys: ['id', 'agent', 'prompt'] },
);
const spec = fc
  .tuple(rest, fc.oneof(withRepository, withoutRepository))
  .map(([parts, place]): TaskSpec => ({ ...parts, ...place }))
  .filter(({ id, continues }) => id !== continues);

const linesOf = (checked: CheckedSpec): string[] => (checked.ok ? [] : checked.complaints.map((complaint) => sayComplaint(complaint)));

describe('any valid spec', () => {
  it('means the same task as a value, as JSON and as YAML', () => {
    fc.assert(
      fc.property(spec, (given) => {
        const checked = checkTaskSpec(given);
        expect(linesOf(checked)).toEqual([]);
        expect(parseTaskSpec(JSON.stringify(given, null, '\t'), 'a.json')).toEqual(checked);
        expect(parseTaskSpec(stringify(given), 'a.yaml')).toEqual(checked);
      }),
    );
  });
});

describe('anything else', () => {
  const isOneLine = (said: string): boolean => !/[\n\r]/.test(said);

  it('gets complaints of one line each, whatever JSON it is', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const lines = linesOf(checkTaskSpec(value));
        expect(lines.length).toBeGreaterThan(0);
        expect(lines.every(isOneLine)).toBe(true);
      }),
    );
  });

  it('gets complaints of one line each, whatever stands in a field', () => {
    const keys = fc.constantFrom(
      'id',
      'title',
      'owner',
      'agent',
      'prompt',
      'workspace',
      'continues',
      'outputs',
      'checks',
      'limits',
      'bank',
      'pool',
      'env',
    );
    fc.assert(
      fc.property(
        spec,
        fc.dictionary(keys, fc.anything({ withNullPrototype: true, withBigInt: true, withDate: true })),
        (given, change) => {
          expect(linesOf(checkTaskSpec({ ...given, ...change })).every(isOneLine)).toBe(true);
        },
      ),
    );
  });

  it('gets complaints of one line each with their place, whatever text it is', () => {
    const scrap = fc.constantFrom(
      'id: a',
      '- ',
      '  ',
      '\n',
      '\t',
      ': ',
      '{',
      '}',
      '[',
      ']',
      '"',
      "'",
      '&a ',
      '*a',
      '!t ',
      '|',
      '---',
      '#',
      '? ',
      '<<',
      'outputs',
      'x',
    );
    fc.assert(
      fc.property(
        fc.array(fc.oneof(scrap, fc.string())).map((parts) => parts.join('')),
        (text) => {
          const lines = linesOf(parseTaskSpec(text, 'a.yaml'));
          expect(lines.length).toBeGreaterThan(0);
          expect(lines.filter((said) => !/^a\.yaml:\d+:\d+ ./.test(said) || !isOneLine(said))).toEqual([]);
        },
      ),
    );
  });
});
