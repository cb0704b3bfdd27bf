// What a new conversation is told of the one before it, which had come to its end: what landed, what is left, how it went.

import type { Facts } from './decision.ts';
import { REASONS } from './failure.ts';
import type { Completeness } from './output.ts';
import { cut, tellNextRun } from './story.ts';

const LONGEST_DONE = 1500;

export function handOff(facts: Facts, work: Completeness): string[] {
  const { failure, done, runs } = facts;
  const before = runs.length > 1 ? [`Runs before it: ${runs.slice(0, -1).map(sayRun).join(', ')}.`] : [];
  return [
    ...tellNextRun(facts, work),
    ...before,
    ...(done ? [`Done so far:\n${cut(done, LONGEST_DONE)}`] : []),
    `That conversation could not go on: ${REASONS[failure.reason].when}. This is a new one. Take up what is there, read only what you need, work in small steps, and commit each of them.`,
  ];
}

const sayRun = ({ n, failure, outcome }: Facts['runs'][number]): string => `run ${n} ${failure ? failure.reason : (outcome ?? 'unknown')}`;
