// What the test provider does to an agent: one answer a question, the last one again and again. Words, statuses and headers
// are those of the providers' public documentation.

export type Dialect = 'anthropic' | 'responses' | 'chat' | 'gemini';

export type Step =
  /** The model speaks, calls the agent's shell where there is something to `run`, and ends its turn. */
  | { readonly kind: 'answer'; readonly says: string; readonly run?: string; readonly refuses?: true }
  | { readonly kind: 'error'; readonly error: ErrorName; readonly headers?: Readonly<Record<string, string>> }
  /** An answer begins, and then nothing more comes; or the connection is reset. */
  /** What it answers depends on what it is asked for: the whole task is too long for it, a plan and its steps are not. */
  | { readonly kind: 'split' }
  | { readonly kind: 'stall' }
  | { readonly kind: 'reset' };

export type ErrorName = 'rejected' | 'rate_limited' | 'overloaded' | 'context';

const COMMIT =
  'echo done > done.txt && git add -A && git -c user.name=agent -c user.email=agent@example.invalid commit -q -m "The work" && git log --oneline -1';
const WORKS: Step = { kind: 'answer', says: 'I will do the work now.', run: COMMIT };
const ENDS: Step = { kind: 'answer', says: 'Done: the work is committed.' };

/** Printed by a tool, and not to be found in its command. */
const RAN = 'the-tool-ran';
const PRINT = 'echo the-tool-""ran';
const PLAN = '{"steps": [{"title": "one", "prompt": "Do the first half."}, {"title": "two", "prompt": "Do the second half."}]}';
const STEP = `echo "$OUTLIVE_RUN" >> done.txt && git add -A && git -c user.name=agent -c user.email=agent@example.invalid commit -q -m "A step"`;

/** The step of a provider for which the whole task is too long. */
export function splitStep(text: string): Step {
  const isPlan = text.includes('Plan this task; do not do it');
  if (!isPlan && !text.includes('of a larger task')) return { kind: 'error', error: 'context' };
  if (text.includes(RAN)) return ENDS;
  const run = isPlan ? `printf '%s' '${PLAN}' > "$OUTLIVE_PLAN_FILE"` : STEP;
  return { kind: 'answer', says: 'I will do that now.', run: `${run} && ${PRINT}` };
}

/** The agent's own questions, in order. Side questions (titles, summaries) come without tools and get a plain answer. */
export const SCENARIOS = {
  success: [WORKS, ENDS],
  rejected_key: [{ kind: 'error', error: 'rejected' }],
  rate_limited: [{ kind: 'error', error: 'rate_limited', headers: { 'retry-after': '2' } }],
  overloaded: [{ kind: 'error', error: 'overloaded' }],
  context_exceeded: [{ kind: 'error', error: 'context' }],
  split: [{ kind: 'split' }],
  stall: [{ kind: 'stall' }],
  reset_midstream: [{ kind: 'reset' }],
  stall_after_commit: [WORKS, { kind: 'stall' }],
  refusal: [{ kind: 'answer', says: '', refuses: true }],
  no_work: [{ kind: 'answer', says: 'I looked at everything, and it is fine as it is.' }],
} as const satisfies Readonly<Record<string, readonly Step[]>>;

export type ScenarioName = keyof typeof SCENARIOS;

export interface ErrorAnswer {
  readonly status: number;
  readonly body: unknown;
}

const anthropic = (status: number, type: string, message: string): ErrorAnswer => ({
  status,
  body: { type: 'error', error: { type, message }, request_id: 'req_test' },
});
const openai = (status: number, message: string, type: string, code: string): ErrorAnswer => ({
  status,
  body: { error: { message, type, param: null, code } },
});
const google = (code: number, status: string, message: string, details: readonly unknown[] = []): ErrorAnswer => ({
  status: code,
  body: { error: { code, message, status, ...(details.length > 0 ? { details } : {}) } },
});
const both = (answer: ErrorAnswer) => ({ chat: answer, responses: answer });

/** As each of them words it. Google answers a bad key with 400. */
export const ERRORS: Readonly<Record<ErrorName, Readonly<Record<Dialect, ErrorAnswer>>>> = {
  rejected: {
    anthropic: anthropic(401, 'authentication_error', 'invalid x-api-key'),
    ...both(openai(401, 'Incorrect API key provided: sk-test-****.', 'invalid_request_error', 'invalid_api_key')),
    gemini: google(400, 'INVALID_ARGUMENT', 'API key not valid. Please pass a valid API key.', [
      { '@type': 'type.googleapis.com/google.rpc.ErrorInfo', reason: 'API_KEY_INVALID', domain: 'googleapis.com' },
    ]),
  },
  rate_limited: {
    anthropic: anthropic(
      429,
      'rate_limit_error',
      "This request would exceed your organization's rate limit of 30,000 input tokens per minute.",
    ),
    ...both(
      openai(429, 'Rate limit reached on tokens per min (TPM): Limit 30000. Please try again in 2s.', 'tokens', 'rate_limit_exceeded'),
    ),
    gemini: google(429, 'RESOURCE_EXHAUSTED', 'Quota exceeded for metric: input_token_count, limit: 250000\nPlease retry in 2s.', [
      {
        '@type': 'type.googleapis.com/google.rpc.QuotaFailure',
        violations: [{ quotaId: 'GenerateContentInputTokensPerModelPerMinute', quotaValue: '250000' }],
      },
      { '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay: '2s' },
    ]),
  },
  overloaded: {
    anthropic: anthropic(529, 'overloaded_error', 'Overloaded'),
    ...both(openai(503, 'The engine is currently overloaded, please try again later.', 'server_error', 'server_overloaded')),
    gemini: google(503, 'UNAVAILABLE', 'The model is overloaded. Please try again later.'),
  },
  context: {
    anthropic: anthropic(400, 'invalid_request_error', 'prompt is too long: 215432 tokens > 200000 maximum'),
    chat: openai(
      400,
      "This model's maximum context length is 128000 tokens. However, your messages resulted in 215432 tokens.",
      'invalid_request_error',
      'context_length_exceeded',
    ),
    responses: openai(
      400,
      'Your input exceeds the context window of this model. Please adjust your input and try again.',
      'invalid_request_error',
      'context_length_exceeded',
    ),
    gemini: google(400, 'INVALID_ARGUMENT', 'The input token count (1215432) exceeds the maximum number of tokens allowed (1048576).'),
  },
};
