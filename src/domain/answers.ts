// What the answers to a task's questions mean afterwards.

import type { AnswerRecord } from './contract.ts';

/** What people said with a `retry` holds for every later run: one that dies must not lose what made its inputs others. */
export function notesIn(answers: readonly AnswerRecord[]): string[] {
  return answers.flatMap(({ choice, note }) => (choice === 'retry' && note ? [`A person says: ${note}`] : []));
}

/** What to tell somebody who answers after somebody else did. */
export function sayAnswered(answers: readonly AnswerRecord[]): string | undefined {
  const last = answers.at(-1);
  return last && `question ${last.question} was answered "${last.choice}" by ${last.by} at ${last.at}; no question is open`;
}
