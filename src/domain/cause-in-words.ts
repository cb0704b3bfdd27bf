// Which words of a run say how it ended? Puts the tails of an ending in order, and picks one mark among theirs: the last
// plain one, or the last vague one where nothing plainer stands near it.

import type { Ending, Rule } from './ending.ts';
import type { Reason } from './failure.ts';
import { indexWords, lookedAt, type Mark, marksFromEnd, programWords, type WordIndex } from './last-words.ts';
import { REFINED_BY } from './process-rules.ts';

/** How near a plainer word must be to a vague one, and how much of an end may tell of a wait. Characters. */
const NEARBY = 2048;
/** How near to a mark a wait is most likely told. Characters. */
const NEXT_TO = 512;
/** How near to the end a failure must be told to outweigh exit 0. Lines. */
const LAST_LINES = 5;

export interface Spoken {
  readonly mark: Mark;
  readonly where: 'agent' | 'agent.retry' | 'tail' | 'stderr' | 'stdout';
  /** All of the text that the mark stands in. */
  readonly text: string;
}

interface Source {
  readonly where: Spoken['where'];
  readonly text: string;
}

export interface Words {
  /** What decides by words alone. */
  last(): Spoken | undefined;
  /** What the very last lines say. Without `anyStream`, of the stream that carries the result: a pause on the other may be long over. */
  atEnd(anyStream: boolean): Spoken | undefined;
  /** The last plain mark of one of these reasons. */
  lastOf(reasons: readonly Reason[]): Spoken | undefined;
  /** What the agent was trying again. */
  suffered(): Spoken | undefined;
  /** What may tell of a wait: the program's words round a mark, then the ends of all streams. */
  ofWaits(found: Spoken | undefined): () => readonly string[];
}

export function wordsOf(ending: Ending, rules: readonly Rule[]): Words {
  const index = indexOf(rules, ending.agent);
  const sources = sourcesOf(ending);
  // That the work is done is for the world to say, where it was asked; at exit 0 it is no failure.
  const mayClaim = ending.landed === undefined && ending.exitCode !== 0;
  const marks = function* (text: string): Generator<Mark, void> {
    for (const mark of marksFromEnd(text, index)) if (mayClaim || mark.rule.reason !== 'crashed_after_output') yield mark;
  };
  const lastIn = (among: readonly Source[]): Spoken | undefined => {
    let vague: Spoken | undefined;
    for (const source of among) {
      const mark = decisive(marks(source.text));
      if (mark && !mark.rule.vague) return spokenIn(source, mark);
      if (mark) vague ??= spokenIn(source, mark);
    }
    return vague;
  };
  return {
    last: () => lastIn(sources),
    atEnd(anyStream) {
      const result = sources.findLast(({ where }) => where !== 'stderr');
      const found = lastIn(anyStream || !result ? sources : [result]);
      return found && found.mark.linesAfter < LAST_LINES ? found : undefined;
    },
    lastOf(reasons) {
      for (const source of sources) {
        for (const mark of marks(source.text)) if (!mark.rule.vague && reasons.includes(mark.rule.reason)) return spokenIn(source, mark);
      }
      return undefined;
    },
    suffered: () => (ending.suffered ? lastIn([{ where: 'agent.retry', text: lookedAt(ending.suffered.words) }]) : undefined),
    ofWaits: (found) => () => [
      found ? programWords(found.text, found.mark.from - NEXT_TO, found.mark.to + NEXT_TO) : '',
      sources.map(({ text }) => programWords(text, text.length - NEARBY, text.length)).join('\n'),
    ],
  };
}

/** What an agent says of its end in fields comes first. What a process says of it stands on stderr rather than among its output. */
function sourcesOf(ending: Ending): readonly Source[] {
  const sources: readonly Source[] = [
    { where: 'agent', text: lookedAt(ending.said ?? '') },
    { where: 'tail', text: lookedAt(ending.tail ?? '') },
    { where: 'stderr', text: lookedAt(ending.stderrTail ?? '') },
    { where: 'stdout', text: lookedAt(ending.stdoutTail ?? '') },
  ];
  return sources.filter(({ text }) => text !== '');
}

const spokenIn = ({ where, text }: Source, mark: Mark): Spoken => ({ mark, where, text });

function decisive(marks: Iterable<Mark>): Mark | undefined {
  let vague: Mark | undefined;
  for (const mark of marks) {
    if (vague && vague.from - mark.to > NEARBY) return vague;
    const { reason } = mark.rule;
    if (!mark.rule.vague && (vague ? REFINED_BY[vague.rule.reason]?.includes(reason) : reason !== 'unclassified')) return mark;
    if (mark.rule.vague) vague ??= mark;
  }
  return vague;
}

/** An index is made once for a list of rules, and once more for each agent that has rows of its own in it. */
const INDEXES = new WeakMap<readonly Rule[], ReadonlyMap<string, WordIndex>>();
const ANYBODY = '';

function indexOf(rules: readonly Rule[], agent = ANYBODY): WordIndex {
  let byAgent = INDEXES.get(rules);
  if (!byAgent) {
    const agents = new Set([ANYBODY, ...rules.flatMap((rule) => rule.agents ?? [])]);
    byAgent = new Map([...agents].map((name) => [name, indexWords(rules, name)]));
    INDEXES.set(rules, byAgent);
  }
  return (byAgent.get(agent) ?? byAgent.get(ANYBODY)) as WordIndex;
}
