// What the answers to a task's questions mean afterwards.

import type { AnswerRecord } from './contract.ts';
import { sayDuration } from './duration.ts';
import type { Answer } from './question.ts';

/** Names a person who answered without saying who they are. */
const SOMEBODY = 'somebody';

export const answerRecord = ({ question = '', choice, note, by = SOMEBODY }: Answer, at: string): AnswerRecord => ({
  question,
  choice,
  by,
  at,
  ...(note ? { note } : {}),
});

/** What `wait` means. In milliseconds. */
export const WAIT_MS = 3_600_000;

export const sayAnswer = ({ by = SOMEBODY, choice, note }: Answer): string =>
  `${by} answered ${choice}${note ? `: ${note}` : ''}${choice === 'wait' ? ` (${sayDuration(WAIT_MS)})` : ''}`;

/** What people said of the work holds for every later run: one that dies must not lose what made its inputs others. */
export function notesIn(answers: readonly AnswerRecord[]): string[] {
  return answers.flatMap(({ choice, note }) => (ABOUT_THE_WORK.includes(choice) && note ? [`A person says: ${note}`] : []));
}

const ABOUT_THE_WORK: readonly string[] = ['retry', 'split', 'refuse', 'adopt'] satisfies Answer['choice'][];

/** What to tell somebody who answers after somebody else did. */
export function sayAnswered(answers: readonly AnswerRecord[]): string | undefined {
  const last = answers.at(-1);
  return last && `question ${last.question} was answered "${last.choice}" by ${last.by} at ${last.at}; no question is open`;
}
