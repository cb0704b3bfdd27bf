// The form of a task spec, field by field, with the words that `outlive schema` gives to editors. What one field says of
// another is in task-rules.ts.

import { z } from 'zod';
import { OUTPUT_NAME, TASK_ID } from '../domain/names.ts';
import type { BuiltInKind, BuiltInOutputSpec, CheckSpec, LimitsSpec, OutputSpec, TaskSpec } from '../domain/task.ts';
import { agent } from './agent-schema.ts';
import { CREDENTIAL_NAME } from './credential-schema.ts';
import { expected, expectedSilently, sayWord } from './expected.ts';
import { argv, count, DAY_MS, dollars, duration, isAddress, line, mapping, text } from './fields.ts';
import { isRefName, repositoryAddress } from './repository.ts';

/** One schema for each key of the domain type: a key more or less on either side does not compile. */
type ShapeOf<Spec> = Record<keyof Spec, z.ZodType>;

const span = (words: string, example: string) =>
  duration({ atLeast: 1, atMost: 30 * DAY_MS, words: 'more than 0 and at most 30d' }).meta({ description: words, examples: [example] });

export const BUILT_IN_KINDS = [
  'commit',
  'push',
  'pull_request',
  'comment',
  'file',
  'command',
  'http',
] as const satisfies readonly BuiltInKind[];

const STATUSES_FORM = 'a list of HTTP statuses, such as [200]';
const statuses = (words: string) =>
  z
    .array(
      z
        .number({ error: expected('an HTTP status from 100 to 599') })
        .int()
        .min(100)
        .max(599),
      { error: expected(STATUSES_FORM) },
    )
    .min(1, { error: expected(STATUSES_FORM) })
    .exactOptional()
    .describe(words);

/** What is wrong with an address may be a secret in it. */
const ADDRESS = expectedSilently('an address of http or https, without credentials in it');

const OUTPUT_FORM = 'an output such as {kind: commit}';

const isInWorkspace = (path: string): boolean =>
  !path.startsWith('/') &&
  !path.endsWith('/') &&
  path.split('/').every((part) => part !== '..' && part.toLowerCase() !== '.git') &&
  !/^(\.\/*)+$/.test(path);

const by = (what: string) =>
  z
    .enum(['outlive', 'agent'], { error: (issue) => sayWord(issue.input, 'maker', ['outlive', 'agent']) })
    .exactOptional()
    .describe(what);

export const builtInOutput = z.discriminatedUnion(
  'kind',
  [
    mapping(
      {
        kind: z.literal('commit').describe('At least one new commit on the branch of the task, and a clean tree.'),
        conclusive: z
          .boolean({ error: expected('true or false') })
          .exactOptional()
          .describe('Any commit is the whole work, also where the run died after it. Default false.'),
      },
      OUTPUT_FORM,
    ),
    mapping(
      {
        kind: z.literal('push').describe('The branch of the task, pushed to the repository.'),
        by: by('Who pushes. Default outlive: then the agent needs no credentials, and a commit output must stand beside it.'),
      },
      OUTPUT_FORM,
    ),
    mapping(
      {
        kind: z.literal('pull_request').describe('A pull request from the branch of the task to its base, open or merged.'),
        title: line(256).meta({ description: 'One line.', examples: ['Fix the login redirect'] }),
        body: text('a text').max(60_000).exactOptional().describe('Markdown. Outlive adds the id of the task.'),
        draft: z
          .boolean({ error: expected('true or false') })
          .exactOptional()
          .describe('Open it as a draft. Default false.'),
        by: by('Who opens it. Default outlive: then a push output must stand beside it.'),
      },
      OUTPUT_FORM,
    ),
    mapping(
      {
        kind: z.literal('comment').describe('A comment on an issue or a pull request of the repository.'),
        issue: z
          .number({ error: expected('the number of an issue or a pull request') })
          .int({ error: expected('the number of an issue or a pull request') })
          .min(1, { error: expected('the number of an issue or a pull request') })
          .meta({ description: 'Its number.', examples: [41] }),
        body: text('a text').max(60_000).describe('Markdown. Outlive adds a hidden marker, by which it is found again.'),
        by: by('Who writes it. Default outlive.'),
      },
      OUTPUT_FORM,
    ),
    mapping(
      {
        kind: z.literal('file').describe('A file that is new in the workspace, or differs from the base.'),
        path: text('a path relative to the workspace and inside it (no .., nothing in .git)', { is: isInWorkspace }).meta({
          description: 'Relative to the workspace.',
          examples: ['report.md'],
        }),
      },
      OUTPUT_FORM,
    ),
    mapping(
      {
        kind: z.literal('command').describe('A command that looks: exit 0 means present, 10 absent, all else unknown.'),
        argv: argv('[./probe.sh]').meta({
          description: 'The program and its arguments, run in the workspace; no shell.',
          examples: [['./probe.sh']],
        }),
        timeout: span('How long it may take. Default 60s.', '60s').exactOptional(),
      },
      OUTPUT_FORM,
    ),
    mapping(
      {
        kind: z.literal('http').describe('An address that answers with one of these statuses. Any other answer is unknown.'),
        url: z
          .string({ error: ADDRESS })
          .refine(isAddress, { error: ADDRESS })
          .meta({
            description: 'Asked with GET; redirects are not followed.',
            examples: ['https://status.example.com/releases/1.4'],
          }),
        present: statuses('Statuses that mean present. Default [200].'),
        absent: statuses('Statuses that mean absent. Default [404].'),
      },
      OUTPUT_FORM,
    ),
  ],
  { error: (issue) => sayOutputKind(issue.code, issue.input) },
) satisfies z.ZodType<BuiltInOutputSpec>;

/** Whether somebody has registered it is asked by the rules: only the worker, or the configuration, knows. */
export const ownOutput = mapping(
  {
    kind: z
      .string()
      .regex(new RegExp(`^(?!(?:${BUILT_IN_KINDS.join('|')})$)${OUTPUT_NAME.source.slice(1)}`), { abort: true })
      .describe('The name under which the workers have registered a kind of output of yours.'),
    by: by('Who makes it. Default outlive where it was registered with a way to make it.'),
    options: z
      .record(z.string(), z.json(), { error: expected('a mapping of options') })
      .exactOptional()
      .describe('What that kind of output wants to know.'),
  },
  '{kind: NAME, options: …}',
);

const output = z.union([builtInOutput, ownOutput], {
  error: ({ input }) => expected(OUTPUT_FORM)({ input }),
}) satisfies z.ZodType<OutputSpec>;

function sayOutputKind(code: string | undefined, input: unknown): string {
  if (code !== 'invalid_union') return expected(OUTPUT_FORM)({ input });
  return sayWord((input as { kind?: unknown }).kind, 'kind of output', BUILT_IN_KINDS);
}

const check = mapping(
  {
    argv: argv('[npm, test]').meta({
      description: 'The program and its arguments, run in the workspace; no shell.',
      examples: [['npm', 'test']],
    }),
    timeout: span('How long it may take. Default 10m.', '10m').exactOptional(),
  } satisfies ShapeOf<CheckSpec>,
  'a check such as {argv: [npm, test]}',
) satisfies z.ZodType<CheckSpec>;

const runLimits = {
  wall: span('How long one run may take. Default 1h.', '1h').exactOptional(),
  stall: span('How long a run may show no sign of life. Default 10m, or `wall` where that is less.', '10m').exactOptional(),
  turns: count().exactOptional().describe('Questions to the model in one run. Default: no limit.'),
  costUsd: dollars().exactOptional().describe('What one run may cost, in US dollars. A run whose cost is not known counts as this much.'),
} satisfies ShapeOf<NonNullable<LimitsSpec['run']>>;

const taskLimits = {
  runs: count().exactOptional().describe('Runs of the task, over all reasons. Default 6.'),
  perReason: count().exactOptional().describe('Runs that may end for the same reason. Default 3.'),
  wall: span('Time of all runs together. Default 8h.', '8h').exactOptional(),
  costUsd: dollars().exactOptional().describe('Cost of all runs together, in US dollars. Needs run.costUsd.'),
  run: mapping(runLimits, 'limits of a run such as {wall: 1h}').exactOptional().describe('Ceilings of a single run.'),
} satisfies ShapeOf<LimitsSpec>;

const limits = mapping(taskLimits, 'limits such as {runs: 6, wall: 8h}') satisfies z.ZodType<LimitsSpec>;

const workspace = mapping(
  {
    repo: repositoryAddress.meta({
      description: 'The git repository; without credentials in the address.',
      examples: ['https://github.com/acme/shop.git'],
    }),
    base: text('the name of a branch', { is: isRefName }).exactOptional().describe('The branch to start from. Default main.'),
  } satisfies ShapeOf<NonNullable<TaskSpec['workspace']>>,
  'a workspace such as {repo: https://github.com/acme/shop.git, base: main}',
);

const ENV_NAME = 'a name of letters, digits and _, not beginning with a digit or with OUTLIVE_';
const env = z
  .record(
    z.string().regex(/^(?!OUTLIVE_)[A-Za-z_][A-Za-z0-9_]*$/),
    z
      .string({ error: expectedSilently('text') })
      .refine((value) => !value.includes('\0'), { error: expectedSilently('text without a NUL character') }),
    {
      error: (issue) =>
        issue.code === 'invalid_key'
          ? `no name for a variable; expected ${ENV_NAME}`
          : expectedSilently('a mapping such as {CI: "1"}')(issue),
    },
  )
  .meta({ description: 'Variables of the environment of the agent, the checks and the probes. Quote numbers.', examples: [{ CI: '1' }] });

const list = <Item extends z.ZodType>(item: Item, form: string) => z.array(item, { error: expected(form) });

/** What stands there instead may be the value. */
const NAME_FORM = expectedSilently('the name of a credential: a letter, then a-z, 0-9 and -');
const credentialName = z.string({ error: NAME_FORM }).regex(CREDENTIAL_NAME, { error: NAME_FORM });

const TASK_FORM = 'a task: a mapping with at least id, agent, prompt and outputs';
const task = {
  id: text('1 to 63 characters a-z, 0-9 and -, not beginning with -', { pattern: TASK_ID }).meta({
    description: 'The name of the task; for ever. The same id is the same task.',
    examples: ['fix-login-redirect'],
  }),
  title: line(200).exactOptional().describe('One line for people. Default: the first line of the prompt.'),
  owner: line(100).exactOptional().describe('Who is asked when a person must decide. Default nobody.'),
  agent,
  prompt: text('a text that says what to do', { is: (value) => value.trim() !== '' }).describe('What the agent is told.'),
  workspace: workspace.exactOptional().describe('The repository to work in. Left out: an empty folder.'),
  continues: text('the id of an earlier, closed task', { pattern: TASK_ID })
    .exactOptional()
    .describe('A closed task: the first run starts from what its runs left. `outlive again` sets it.'),
  outputs: list(output, 'a list of outputs such as [{kind: commit}]')
    .min(1, { error: expected('at least one output, such as {kind: commit}') })
    .describe('What must exist for the task to be done.'),
  checks: list(check, 'a list of checks such as [{argv: [npm, test]}]')
    .exactOptional()
    .describe('Run in the workspace after a run; all must exit 0.'),
  approve: z
    .enum(['before_finish'], { error: (issue) => sayWord(issue.input, 'time of approval', ['before_finish']) })
    .exactOptional()
    .describe('A person is shown what there is, and approves, before Outlive makes what it owes.'),
  split: z
    .enum(['auto', 'never'], { error: (issue) => sayWord(issue.input, 'way to split', ['auto', 'never']) })
    .exactOptional()
    .describe(
      'May the work be planned and done in steps where one conversation is too small for it? Default auto; for command and module never, because a program has to understand that it is to plan.',
    ),
  limits: limits.exactOptional().describe('Ceilings. A breach asks a person; it does not fail the task.'),
  bank: z
    .enum(['origin', 'host'], { error: (issue) => sayWord(issue.input, 'bank', ['origin', 'host']) })
    .exactOptional()
    .describe('Where the work of a dead run is kept. Default origin: the repository itself.'),
  pool: text('1 to 63 characters a-z, 0-9 and -, not beginning with -', { pattern: /^[a-z0-9][a-z0-9-]{0,62}$/ })
    .exactOptional()
    .describe('The hosts that may take it. Default default.'),
  credentials: list(credentialName, 'a list of names of credentials, such as [anthropic]')
    .min(1, { error: expected('at least one name, or no credentials at all') })
    .exactOptional()
    .describe("Names from outlive.yaml of the hosts. Default: the agent's usual variable where it is set, else the host's login."),
  env: env.exactOptional(),
} satisfies ShapeOf<TaskSpec>;

export const taskSpec = mapping(task, TASK_FORM).meta({
  title: 'Outlive task',
  description: 'A task for `outlive submit`.',
}) satisfies z.ZodType<TaskSpec>;

/** JSON Schema (draft 2020-12) of a task as it is written, for editors. */
export const taskSpecJsonSchema = (): Record<string, unknown> => ({
  ...z.toJSONSchema(taskSpec, { io: 'input', target: 'draft-2020-12' }),
});
