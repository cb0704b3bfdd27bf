// What people are asked about a task, and what they said.

import { answerRecord } from '../domain/answers.ts';
import type { AnswerRecord } from '../domain/contract.ts';
import type { Ask } from '../domain/decision.ts';
import type { Answer, Question } from '../domain/question.ts';
import { cut } from '../domain/story.ts';

/** A flood of bad signals must not grow the status without bound. */
const MOST_REFUSED = 20;

export class People {
  question: Question | undefined;
  /** Given, and not yet acted on. */
  answer: Answer | undefined;
  readonly answers: AnswerRecord[] = [];
  readonly refused: string[] = [];
  /** Notices that no try brought out. */
  untold = 0;
  private asked = 0;

  ask(ask: Ask, owner: string): void {
    this.asked += 1;
    this.question = { id: `q${this.asked}`, ...ask, owner, askedAt: now() };
  }

  escalate(owner: string): void {
    if (this.question) this.question = { ...this.question, owner, askedFirst: this.question.owner };
  }

  /** The first answer wins; the question is closed from here on. */
  accept(answer: Answer): AnswerRecord {
    const record = answerRecord(answer, now());
    this.answers.push(record);
    this.question = undefined;
    this.answer = answer;
    return record;
  }

  takeAnswer(): Answer {
    const answer = this.answer;
    if (!answer) throw new Error('no answer to take');
    this.answer = undefined;
    return answer;
  }

  refuse(problem: string): void {
    if (this.refused.length < MOST_REFUSED) this.refused.push(`${now()} ${cut(problem, 200)}`);
  }
}

const now = (): string => new Date(Date.now()).toISOString();
