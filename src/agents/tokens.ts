// How many tokens a model read and wrote, by whatever names an API, an SDK or an agent tells them.

import { count, isJson } from './json.ts';

export interface Tokens {
  readonly input: number | undefined;
  readonly output: number | undefined;
}

const INPUT = ['input_tokens', 'inputTokens', 'input', 'prompt_tokens', 'promptTokens'] as const;
const OUTPUT = ['output_tokens', 'outputTokens', 'output', 'completion_tokens', 'completionTokens'] as const;

export const tokensIn = (usage: unknown): Tokens => ({ input: first(usage, INPUT), output: first(usage, OUTPUT) });

/** The first of these fields that is a number. */
function first(usage: unknown, names: readonly string[]): number | undefined {
  if (!isJson(usage)) return undefined;
  for (const name of names) {
    const value = count(usage[name]);
    if (value !== undefined) return value;
  }
  return undefined;
}
