// An ending as the history keeps it, so that a later classifier can be tried on it before it is deployed: what was read of it,
// with its last words cut to what fits.

import type { Ending } from './ending.ts';

export interface RecordedEnding {
  readonly v: 1;
  readonly ending: Ending;
}

const MAX_CHARS = 2000;
/** Of each stream's last words, and of what the agent said; the longest that fits is kept. Characters. */
const LENGTHS = [800, 400, 200, 80];

/** undefined where even the shortest form is too long for a history. */
export function recordEnding(ending: Ending): RecordedEnding | undefined {
  return LENGTHS.map((length) => ({ v: 1, ending: shortened(ending, length) }) as const).find(
    (recorded) => JSON.stringify(recorded).length <= MAX_CHARS,
  );
}

function shortened(ending: Ending, length: number): Ending {
  const cut = (name: 'stdoutTail' | 'stderrTail' | 'said') => (ending[name] === undefined ? {} : { [name]: ending[name].slice(-length) });
  return { ...ending, ...cut('stdoutTail'), ...cut('stderrTail'), ...cut('said') };
}
