// An assistant message on one line, as Claude Code and Qwen Code print it, read without parsing it: they are most of a
// stream, and all that counts of an answer is what it cost and whether it wants a tool. Inside the model's words a quote is
// escaped, so what is looked for here is never one of them.

import { type Heard, spent, spoke, toolBegan } from './heard.ts';

const INPUT = /"usage":\{"input_tokens":(\d{1,15})/;
const OUTPUT = /"output_tokens":(\d{1,15})/;

/** False: it may be an error, or nothing that is known here. */
export function hearAnswerIn(heard: Heard, line: string, countsOutput: boolean): boolean {
  const input = INPUT.exec(line);
  if (!input || line.includes('"error":')) return false;
  if (heard.isOver) return true;
  const output = countsOutput ? OUTPUT.exec(line.slice(input.index))?.[1] : undefined;
  spent(heard, { input: Number(input[1]), output: output === undefined ? undefined : Number(output) });
  if (line.includes('"type":"tool_use"')) toolBegan(heard);
  else spoke(heard);
  return true;
}
