// What Node's own HTTP client says, bare, of an answer whose connection was reset: one word, which elsewhere means a signal.

import type { TextRule } from '../domain/ending.ts';
import { plain } from '../domain/text-rule.ts';

export const UNDICI_RULES: readonly TextRule[] = [
  plain(
    'undici_terminated',
    'network_dropped',
    'terminated',
    /^(?:\[API Error: )?(?:\w{1,40}Error ){0,3}terminated\]?\s*$/m,
    '[API Error: terminated]',
    "undici's TypeError, as Gemini CLI, Qwen Code, pi and SDKs pass it on",
  ),
];
