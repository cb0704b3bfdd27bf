// A prompt as an argument of a program.

import type { Start } from './agent.ts';

/** Linux refuses to start a program with a longer single argument; a character has up to four bytes. */
const LONGEST_CHARS = 128 * 256 - 1;

/** The prompt itself, or where to read it. */
export const promptArgument = ({ prompt, promptFile }: Pick<Start, 'prompt' | 'promptFile'>): string =>
  prompt.length <= LONGEST_CHARS ? prompt : `Read the whole file ${promptFile} and do what it says.`;
