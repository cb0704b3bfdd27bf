// What an agent asks: in which dialect, with which tools, and how its shell is called.

import type { Dialect } from './scenarios.ts';
import type { Call } from './wire.ts';

export type Asked =
  | Question
  | { readonly kind: 'count'; readonly dialect: Dialect }
  | { readonly kind: 'models' }
  | { readonly kind: 'unknown' };

export interface Question {
  readonly kind: 'question';
  readonly dialect: Dialect;
  readonly model: string;
  readonly streams: boolean;
  readonly tools: readonly Tool[];
  /** All of it, as it came: the prompt, and what tools have said so far. */
  readonly text: string;
}

export interface Tool {
  readonly name: string;
  readonly parameters: { readonly properties?: Record<string, { readonly type?: unknown }>; readonly required?: readonly string[] };
}

const PATHS: readonly (readonly [RegExp, Dialect, 'question' | 'count'])[] = [
  [/\/messages\/count_tokens/, 'anthropic', 'count'],
  [/\/messages(?:\?|$)/, 'anthropic', 'question'],
  [/\/responses(?:\/compact)?(?:\?|$)/, 'responses', 'question'],
  [/\/chat\/completions(?:\?|$)/, 'chat', 'question'],
  [/:countTokens/, 'gemini', 'count'],
  [/:(?:streamGenerateContent|generateContent)/, 'gemini', 'question'],
];

type Body = Readonly<Record<string, unknown>>;

export function readQuestion(method: string, path: string, text: string): Asked {
  if (method === 'GET' && /\/models(?:[/?]|$)/.test(path)) return { kind: 'models' };
  const found = PATHS.find(([pattern]) => pattern.test(path));
  if (!found) return { kind: 'unknown' };
  const [, dialect, kind] = found;
  if (kind === 'count') return { kind, dialect };
  const body = parse(text);
  const model = typeof body['model'] === 'string' ? body['model'] : (/models\/([^:]+):/.exec(path)?.[1] ?? 'test-model');
  const streams = dialect === 'gemini' ? path.includes('streamGenerateContent') : body['stream'] === true;
  return { kind, dialect, model, streams, tools: toolsOf(dialect, body), text };
}

function parse(text: string): Body {
  try {
    return JSON.parse(text) as Body;
  } catch {
    return {};
  }
}

function toolsOf(dialect: Dialect, body: Body): Tool[] {
  const given = (Array.isArray(body['tools']) ? body['tools'] : []) as Body[];
  const tool = (name: unknown, parameters: unknown): Tool => ({ name: String(name), parameters: (parameters ?? {}) as Tool['parameters'] });
  switch (dialect) {
    case 'anthropic':
      return given.map((one) => tool(one['name'], one['input_schema']));
    case 'chat':
      return given.map((one) => one['function'] as Body).map((one) => tool(one['name'], one['parameters']));
    case 'responses':
      return given.map((one) => tool(one['name'] ?? one['type'], one['parameters']));
    case 'gemini':
      return given
        .flatMap((one) => (one['functionDeclarations'] ?? []) as Body[])
        .map((one) => tool(one['name'], one['parametersJsonSchema'] ?? one['parameters']));
  }
}

/** What the agents call their shell. */
const SHELLS = ['Bash', 'bash', 'run_shell_command', 'exec_command', 'shell_command', 'shell', 'local_shell'];

/** A call of the agent's shell, with whatever else it insists on; undefined where it offers none. */
export function shellCall(tools: readonly Tool[], command: string): Call | undefined {
  const shell = SHELLS.map((name) => tools.find((tool) => tool.name === name)).find((tool) => tool !== undefined);
  if (!shell) return undefined;
  const { properties = {}, required = [] } = shell.parameters;
  const isList = /array/i.test(String(properties['command']?.type));
  const input: Record<string, unknown> = properties['cmd'] ? { cmd: command } : { command: isList ? ['bash', '-lc', command] : command };
  for (const name of required) input[name] ??= filler(String(properties[name]?.type));
  return { name: shell.name, input };
}

const filler = (type: string): unknown => (/bool/i.test(type) ? false : /num|int/i.test(type) ? 30_000 : 'does the work');
