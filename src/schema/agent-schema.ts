// The form of a task's agent: one form for each, with its own fields and no other.

import { z } from 'zod';
import { AGENT_NAME } from '../domain/names.ts';
import type { AgentSpec } from '../domain/task.ts';
import type { Finding, Path } from './complaints.ts';
import { expected, expectedText, sayFound, sayWord } from './expected.ts';
import { argv, line, mapping, text } from './fields.ts';
import { problemOf, type RegisteredAgents } from './registered.ts';

const program = (words: string, ...example: string[]) => argv(`[${example.join(', ')}]`).meta({ description: words, examples: [example] });
const model = line(200).exactOptional().describe("The model, by the agent's own name for it. Default: the agent's own.");
const args = z
  .array(z.string({ error: expectedText('text') }), { error: expected('a list of arguments, such as [--verbose]') })
  .exactOptional()
  .describe("Arguments for the program beside Outlive's own.");

const cli = <Name extends string>(use: Name, words: string) =>
  mapping({ use: z.literal(use).describe(words), model, args }, `{use: ${use}}`);

const claude = cli('claude', 'Claude Code.');
const codex = cli('codex', 'Codex, through its app-server.');
const opencode = cli('opencode', 'opencode.');
const acp = mapping(
  {
    use: z.literal('acp').describe('Any agent that speaks the Agent Client Protocol.'),
    argv: program('The program that speaks ACP on its standard streams, and its arguments.', 'gemini', '--acp'),
  },
  '{use: acp, argv: […]}',
);
const command = mapping(
  {
    use: z.literal('command').describe('A program of your own.'),
    argv: program('The program and its arguments; no shell. `{prompt}` is replaced by the prompt.', 'node', 'fix.mjs'),
  },
  '{use: command, argv: […]}',
);
const module = mapping(
  {
    use: z.literal('module').describe('A function of your own: the default export of a JavaScript or TypeScript file.'),
    path: text('the path of a .js, .mjs, .cjs, .ts, .mts or .cts file', { pattern: /\.[cm]?[jt]s$/ }).meta({
      description: 'Relative to the workspace, or absolute.',
      examples: ['./agent.mjs'],
    }),
  },
  '{use: module, path: …}',
);

const OWN = [claude, codex, opencode, acp, command, module] as const;
const OWN_NAMES: readonly string[] = OWN.map(({ shape }) => shape.use.value);
const AGENT_FORM = 'an agent such as claude or {use: command, argv: […]}';

const own = z.discriminatedUnion('use', OWN, {
  error: ({ code, input }) =>
    code === 'invalid_union' ? sayWord((input as { use?: unknown }).use, 'agent', OWN_NAMES) : expected(AGENT_FORM)({ input }),
});

/** Whether somebody has registered it is asked by the rules: only the worker, or the configuration, knows. */
const registered = mapping(
  {
    use: z
      .string()
      .regex(new RegExp(`^(?!(?:${OWN_NAMES.join('|')})$)${AGENT_NAME.source.slice(1)}`), { abort: true })
      .describe('The name under which the workers have registered an agent of yours.'),
    options: z
      .record(z.string(), z.json(), { error: expected('a mapping of options') })
      .exactOptional()
      .describe('What that agent wants to know.'),
  },
  '{use: NAME, options: …}',
);

/** The name alone, where an agent needs no more. */
const name = z.string().regex(AGENT_NAME);

export const agent = z
  .union([name, own, registered], { error: ({ input }) => expected(AGENT_FORM)({ input }) })
  .describe('What does the work in a run.') satisfies z.ZodType<AgentSpec | string>;

/** What is wrong with the name of an agent, and with the options of a registered one. */
export function ofAgent(given: unknown, others: RegisteredAgents): Finding[] {
  const alone = typeof given === 'string';
  const fields = (alone ? { use: given } : given) as { readonly use?: unknown; readonly options?: unknown } | undefined;
  const use = typeof fields === 'object' && fields !== null ? fields.use : undefined;
  if (typeof use !== 'string' || (!alone && OWN_NAMES.includes(use))) return [];
  const path: Path = alone ? ['agent'] : ['agent', 'use'];
  if (alone && NEED_MORE[use]) return [{ path, says: `${sayFound(use)} needs more than its name; expected ${NEED_MORE[use]}` }];
  if (OWN_NAMES.includes(use)) return [];
  const known = Object.hasOwn(others, use) ? others[use] : undefined;
  if (!known) return [{ path, says: sayWord(use, 'agent', [...OWN_NAMES, ...Object.keys(others)]) }];
  const problem = problemOf(known, fields?.options, 'agent');
  return problem === undefined ? [] : [{ path: ['agent', 'options'], says: problem }];
}

const NEED_MORE: Readonly<Record<string, string>> = {
  acp: '{use: acp, argv: […]}',
  command: '{use: command, argv: […]}',
  module: '{use: module, path: …}',
};
