import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { taskSpecJsonSchema } from '../../src/schema/task-schema.ts';

const schema = taskSpecJsonSchema();
const validator = z.fromJSONSchema(JSON.parse(JSON.stringify(schema)));
const fixtures = new URL('../fixtures/specs/', import.meta.url);
const read = (name: string): unknown => parse(readFileSync(new URL(name, fixtures), 'utf8'));

describe('the JSON Schema of a task', () => {
  it('is of the draft 2020-12 and closed', () => {
    expect(schema).toMatchObject({ $schema: 'https://json-schema.org/draft/2020-12/schema', type: 'object', additionalProperties: false });
  });

  it.each(readdirSync(new URL('good/', fixtures)))('accepts %s', (name) => {
    expect(validator.safeParse(read(`good/${name}`)).error?.issues).toBeUndefined();
  });

  it.each(['many-mistakes.yaml'])('refuses %s', (name) => {
    expect(validator.safeParse(read(`bad/${name}`)).success).toBe(false);
  });

  it.each<[string, object]>([
    ['an unknown key', { promt: 'x' }],
    ['an agent that lacks something', { agent: { use: 'acp' } }],
    ['an agent with the keys of another', { agent: { use: 'claude', argv: ['x'] } }],
    ['a duration in words', { limits: { wall: 'ten minutes' } }],
    ['no outputs', { outputs: [] }],
    ['an output that is no name', { outputs: [{ kind: 'Commit' }] }],
    ['an output with the keys of another', { outputs: [{ kind: 'push', path: 'x' }] }],
    ['a number in the environment', { env: { CI: 1 } }],
    ['an address with credentials', { workspace: { repo: 'https://u:p@host/a' } }],
  ])('refuses %s', (_, change) => {
    const spec = { ...(read('good/everything.yaml') as object), ...change };
    expect(validator.safeParse(spec).success).toBe(false);
  });

  it('says of every field what it is for, and shows how a duration looks', () => {
    expect(fieldsOf(schema).filter(([, field]) => typeof field['description'] !== 'string')).toEqual([]);
    expect(fieldsOf(schema).map(([path]) => path)).toContain('limits.run.stall');
    const spans = fieldsOf(schema).filter(([path]) => /timeout|wall|stall/.test(path));
    expect(spans.map(([, field]) => field['examples'])).not.toContain(undefined);
  });
});

type Field = Readonly<Record<string, unknown>>;

/** Every named field, with its path, through lists and choices. */
function fieldsOf(node: Field, path = ''): [string, Field][] {
  const inner = [node['items'], ...((node['oneOf'] as Field[] | undefined) ?? [])].filter((part) => part !== undefined) as Field[];
  const named = Object.entries((node['properties'] as Record<string, Field> | undefined) ?? {});
  return [
    ...inner.flatMap((part) => fieldsOf(part, path)),
    ...named.flatMap(([key, field]): [string, Field][] => {
      const here = path === '' ? key : `${path}.${key}`;
      return [[here, field], ...fieldsOf(field, here)];
    }),
  ];
}
