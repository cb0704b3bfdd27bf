import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { failuresPage } from '../scripts/failures-page.ts';
import { complaints, type House, importsOf } from './house-rules.ts';

const houseOf = (files: Readonly<Record<string, string>>): House => new Map(Object.entries(files));

function readHouse(): House {
  const paths = readdirSync('src', { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('.ts'));
  return new Map(paths.map((path) => [join('src', path), readFileSync(join('src', path), 'utf8')]));
}

describe('the house', () => {
  it('keeps its rules', () => {
    expect(complaints(readHouse())).toEqual([]);
  });

  it('imports only files that are there, so that no rule is passed by a path it cannot read', () => {
    const house = readHouse();
    const lost = importsOf(house).filter(({ file }) => file !== undefined && !house.has(file));
    expect(lost.map(({ from, what }) => `${from} imports ${what}`)).toEqual([]);
  });

  it('has the table of failures in its documentation as it is in the code', () => {
    const page = readFileSync('docs/failures.md', 'utf8');
    expect(page, 'docs/failures.md is old: run `npm run docs:failures -s > docs/failures.md`').toBe(failuresPage());
  });
});

describe('the rules', () => {
  it.each<[string, Record<string, string>, string[]]>([
    [
      'let the domain import nothing from outside',
      { 'src/domain/decide.ts': "import { readFile } from 'node:fs/promises';\nimport type { Host } from '../host/host.ts';" },
      [
        'src/domain/decide.ts imports node:fs/promises: domain imports no package and no built-in module.',
        'src/domain/decide.ts imports types of ../host/host.ts: domain imports nothing outside itself.',
      ],
    ],
    [
      'keep agents and host apart',
      {
        'src/agents/claude.ts': "import { tail } from '../host/tail.ts';",
        'src/host/driver.ts': "export { read } from '../agents/claude.ts';",
      },
      [
        'src/agents/claude.ts imports ../host/tail.ts: agents imports only domain.',
        'src/host/driver.ts imports ../agents/claude.ts: host imports only domain.',
      ],
    ],
    [
      'let a workflow have types of @temporalio/common, and no values of it',
      {
        'src/workflows/task.ts': "import type { Duration } from '@temporalio/common';\nimport { sleep } from '@temporalio/workflow';",
        'src/workflows/run-once.ts': "import {\n  ApplicationFailure,\n} from '@temporalio/common';",
      },
      ['src/workflows/run-once.ts imports @temporalio/common: workflows imports only @temporalio/workflow.'],
    ],
    [
      'let the command line have types of the workflows, and nobody have the command line',
      {
        'src/cli/commands/show.ts': "import type { task } from '../../workflows/index.ts';",
        'src/cli/main.ts': "const { task } = await import('../workflows/index.ts');",
        'src/worker.ts': "import { args } from './cli/args.ts';",
        'src/dev-server/lock.ts': "import { args } from '../cli/args.ts';",
      },
      [
        'src/cli/main.ts imports ../workflows/index.ts: cli imports only root, activities, schema, agents, outputs, host, domain, and types of workflows.',
        'src/worker.ts imports ./cli/args.ts: root imports only workflows, activities, schema, agents, outputs, host, domain.',
        'src/dev-server/lock.ts imports ../cli/args.ts: root imports only workflows, activities, schema, agents, outputs, host, domain.',
      ],
    ],
    [
      'find zod behind a third file',
      {
        'src/workflows/task.ts': "import { parse } from '../schema/answer.ts';",
        'src/schema/answer.ts': "import * as z from 'zod';",
        'src/schema/config.ts': "import * as z from 'zod';",
      },
      [
        'src/workflows/task.ts imports ../schema/answer.ts: workflows imports only domain.',
        "src/schema/answer.ts imports zod and is part of the workflows' bundle: schemas stay at the border.",
      ],
    ],
    [
      'find a circle, and let types make one',
      {
        'src/host/a.ts': "import { b } from './b.ts';",
        'src/host/b.ts': "import { c } from './c.ts';",
        'src/host/c.ts': "import './a.ts';",
        'src/domain/a.ts': "import type { B } from './b.ts';",
        'src/domain/b.ts': "import { a } from './a.ts';",
      },
      ['src/host/a.ts imports src/host/b.ts imports src/host/c.ts imports src/host/a.ts: imports make no circle.'],
    ],
    [
      'refuse names that say nothing, default exports and files too long to read',
      {
        'src/host/path-helpers.ts': 'export default 1;',
        'src/host/manager.ts': '// export default is a word in a comment\n',
        'src/host/long.ts': 'const line = 1;\n'.repeat(301),
      },
      [
        'src/host/path-helpers.ts has a name that says nothing: name it by the question it answers.',
        'src/host/path-helpers.ts has a default export: every export has a name.',
        'src/host/manager.ts has a name that says nothing: name it by the question it answers.',
        'src/host/long.ts has 301 lines: a file has at most 300; find the second idea in it.',
      ],
    ],
  ])('%s', (_, files, sentences) => {
    expect(complaints(houseOf(files))).toEqual(sentences);
  });

  it('have nothing to say of a house in order', () => {
    const files = {
      'src/domain/task.ts': '',
      'src/activities/begin.ts': "import { task } from '../domain/task.ts';\nimport type { Config } from '../config.ts';",
      'src/config.ts': "import * as z from 'zod';",
    };
    expect(complaints(houseOf(files))).toEqual([]);
  });
});
