// The rules for any process: what its codes, signals and words mean, whatever agent it was. Data, in order: codes ask
// the first row that names them, words the last line of the tail that any row matches, and within that line the first
// row that does. An agent's own rows go before these (`[...own, ...PROCESS_RULES]`).
//
// Codes and `vague` words name a family of causes. REFINED_BY says which causes a family may turn out to be; plain
// words of one of those, near the end, decide instead. A reason that is not in the list was something else that went
// wrong on the way: no full disk is hidden in a 429.

import type { CodeRule, NameRule, Rule, TextRule } from './ending.ts';
import type { Reason } from './failure.ts';
import { HOST_WORDS, KILLED_WORDS, NETWORK_WORDS } from './host-words.ts';
import { PROVIDER_FAMILIES, PROVIDER_WORDS } from './provider-words.ts';
import { CANCELLED_WORDS, CONTEXT_WORDS, TASK_WORDS } from './task-words.ts';
import { vague } from './text-rule.ts';

/** What an HTTP answer can have meant, whatever its status; and a person may end what it was the answer to. */
const ANY_ANSWER: readonly Reason[] = [
  'quota_exhausted',
  'context_window_exceeded',
  'budget_exhausted',
  'refused',
  'credential_revoked',
  'credential_rejected',
  'model_unavailable',
  'invalid_request',
  'output_truncated',
  'rate_limited',
  'provider_overloaded',
  'provider_timeout',
  'network_dropped',
  'cancelled',
];

const but = (...reasons: readonly Reason[]): readonly Reason[] => ANY_ANSWER.filter((reason) => !reasons.includes(reason));

/** What a family may turn out to be. A reason without a row stands as it is. */
export const REFINED_BY: Readonly<Partial<Record<Reason, readonly Reason[]>>> = {
  rate_limited: but('rate_limited', 'provider_timeout', 'network_dropped', 'invalid_request', 'credential_rejected', 'output_truncated'),
  credential_rejected: but('credential_rejected', 'provider_overloaded', 'provider_timeout', 'output_truncated', 'invalid_request'),
  credential_revoked: but('credential_revoked', 'provider_overloaded', 'provider_timeout', 'output_truncated', 'invalid_request'),
  // Not a timeout: a 504 is the gateway's, whatever its page says.
  provider_overloaded: [...but('provider_overloaded', 'provider_timeout', 'output_truncated'), 'unclassified'],
  provider_timeout: ['provider_overloaded', 'rate_limited', 'network_dropped'],
  network_dropped: [...but('network_dropped', 'output_truncated'), 'unclassified'],
  invalid_request: but('invalid_request'),
  unclassified: ANY_ANSWER,
  quota_exhausted: ['budget_exhausted', 'credential_revoked'],
  output_truncated: ['context_window_exceeded'],
  killed: ['out_of_memory', 'evicted', 'disk_full', 'cancelled', 'budget_exhausted', 'crashed_after_output'],
  heartbeat_lost: ['out_of_memory', 'evicted', 'disk_full', 'cancelled', 'budget_exhausted', 'crashed_after_output'],
  cancelled: ['budget_exhausted', 'evicted'],
  tool_missing: ['out_of_memory', 'disk_full'],
};

const status = (reason: Reason, match: readonly number[], phrase: string): CodeRule => ({
  where: 'http_status',
  name: `http_${match[0]}`,
  reason,
  match,
  sample: String(match[0]),
  seen: `HTTP: ${phrase}`,
});

export const STATUSES: readonly CodeRule[] = [
  status('rate_limited', [429], 'Too Many Requests'),
  status('credential_rejected', [401], 'Unauthorized'),
  status('credential_revoked', [403], 'Forbidden'),
  status('quota_exhausted', [402], 'Payment Required'),
  status('provider_timeout', [408], 'Request Timeout'),
  status('context_window_exceeded', [413], 'Payload Too Large'),
  status('network_dropped', [407], 'Proxy Authentication Required'),
  status('invalid_request', [400, 422], 'Bad Request'),
  // An address or a model that is not there; which, only the words can say.
  status('unclassified', [404, 405, 409, 410], 'Not Found'),
  status('provider_overloaded', [500, 502, 503, 504, 520, 521, 522, 523, 524, 529], 'Internal Server Error, and what gateways make of it'),
];

/** A status in words: beside a word that says it is one, or before what it wraps. Digits inside other numbers are none. */
const PHRASES =
  'too many|unauthori|forbidden|payment|request|payload|not found|bad |internal|service|gateway|overloaded|unprocessable|conflict|proxy';
const statusWords = (rule: CodeRule): TextRule => {
  const numbers = rule.match.join('|');
  return vague(
    `${rule.name}_words`,
    rule.reason,
    rule.match.join(' '),
    new RegExp(
      `(?:\\bhttp\\b|status|\\bcode|error|rejected|response|returned|received|answered)[^\\n\\d]{0,16}\\b(?:${numbers})\\b(?![.:]\\d)|(?:^|[\\s:([>])(?:${numbers})[)\\]]?(?: status code|:? ?[-·]? ?[{"<]| (?:${PHRASES}))`,
      'im',
    ),
    `API Error: ${rule.match[0]} status code`,
    'providers, SDKs and gateways',
  );
};

export const exitCode = (name: string, reason: Reason, match: readonly number[], seen: string): CodeRule => ({
  where: 'exit_code',
  name,
  reason,
  match,
  sample: String(match[0]),
  seen,
});
const signal = (name: string, reason: Reason, match: readonly string[], sample: string, seen: string): NameRule => ({
  where: 'signal',
  name,
  reason,
  match,
  sample,
  seen,
});
const notStarted = (name: string, reason: Reason, match: readonly string[], seen: string): NameRule => ({
  where: 'not_started',
  name,
  reason,
  match,
  sample: match[0] ?? 'EPERM',
  seen,
});

const CODES: readonly Rule[] = [
  notStarted(
    'start_not_found',
    'tool_missing',
    ['ENOENT', 'ENOTDIR', 'EACCES', 'ENOEXEC', 'EPERM'],
    'exec(2): no such program here, or none that this host may run',
  ),
  notStarted('start_no_space', 'disk_full', ['ENOSPC', 'EDQUOT'], 'what is written before exec'),
  notStarted('start_no_memory', 'out_of_memory', ['ENOMEM', 'EAGAIN'], 'fork(2)'),
  notStarted('start_argv_too_long', 'invalid_request', ['E2BIG'], 'exec(2): the arguments are longer than any host takes'),
  exitCode('exit_not_found', 'tool_missing', [126, 127], 'shells: not found, or not to be executed'),
  exitCode('exit_time_limit', 'budget_exhausted', [124], 'timeout(1)'),
  signal('signal_interrupt', 'cancelled', ['SIGINT'], 'SIGINT', 'somebody pressed ^C'),
  signal('signal_cpu_time', 'budget_exhausted', ['SIGXCPU'], 'SIGXCPU', 'setrlimit(2)'),
  signal('signal_unexplained', 'killed', [], 'SIGKILL', 'kernels, service managers, persons'),
];

/** Words come host first (an errno is the plainest word there is), then by how rarely a row is wrong. */
export const PROCESS_RULES: readonly Rule[] = [
  ...CODES,
  ...STATUSES,
  ...HOST_WORDS,
  ...CANCELLED_WORDS,
  ...PROVIDER_WORDS,
  ...CONTEXT_WORDS,
  ...NETWORK_WORDS,
  ...TASK_WORDS,
  ...PROVIDER_FAMILIES,
  ...STATUSES.map(statusWords),
  ...KILLED_WORDS,
];
