// Claude Code and opencode are one file each that Bun made. Where memory cannot be had, Bun says nothing of memory: it
// calls abort() before anything else has run.

import type { TextRule } from '../domain/ending.ts';
import { plain } from '../domain/text-rule.ts';

export const BUN_RULES: readonly TextRule[] = [
  plain(
    'bun_abort',
    'out_of_memory',
    'panic abort',
    /\bpanic\b[^\n]{0,40}: ?abort\(\)/i,
    'panic(main thread): abort() called',
    'Bun under an address space that is too small',
  ),
];
