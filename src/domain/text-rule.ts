// How a row of words is written. `plain` words say the cause; `vague` ones name a family, and plainer ones nearby say which.

import type { TextRule } from './ending.ts';
import type { Reason } from './failure.ts';

type Row = [name: string, reason: Reason, words: string, match: RegExp, sample: string, seen: string];

export const plain = (...row: Row): TextRule => textRule(row, false);
export const vague = (...row: Row): TextRule => textRule(row, true);

const textRule = ([name, reason, words, match, sample, seen]: Row, isVague: boolean): TextRule => ({
  where: 'text',
  name,
  reason,
  words: words.split(' '),
  match,
  vague: isVague,
  sample,
  seen,
});
