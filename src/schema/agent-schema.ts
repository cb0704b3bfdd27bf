// The form of a task's agent: one form for each, with its own fields and no other.

import { z } from 'zod';
import type { AgentSpec } from '../domain/task.ts';
import { expected, expectedText, sayFound } from './expected.ts';
import { argv, line, mapping, text } from './fields.ts';

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

const AGENT_FORM = '{use: claude} or {use: command, argv: […]}';
export const agent = z
  .union([z.enum(['claude', 'codex', 'opencode']), z.discriminatedUnion('use', [claude, codex, opencode, acp, command, module])], {
    error: (issue) => sayAgent(issue.code, issue.input),
  })
  .describe('What does the work in a run.') satisfies z.ZodType<AgentSpec | string>;

function sayAgent(code: string | undefined, input: unknown): string {
  const found = code === 'invalid_union' ? (input as { use?: unknown }).use : input;
  return found === undefined
    ? `missing; expected ${AGENT_FORM}`
    : `${sayFound(found)} is not an agent of this version; expected ${AGENT_FORM}`;
}
