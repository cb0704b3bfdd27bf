// The four ways to say an answer: what a model says and calls, as the events of each provider's stream.

import { randomBytes } from 'node:crypto';
import type { Dialect } from './scenarios.ts';

/** A call of one of the tools that the agent has offered. */
export interface Call {
  readonly name: string;
  readonly input: Readonly<Record<string, unknown>>;
}

export interface Answer {
  readonly model: string;
  readonly says: string;
  readonly call?: Call;
  readonly refuses?: true;
}

/** A server-sent event: its name, where the dialect has names, and its data. */
export type WireEvent = readonly [name: string | undefined, data: unknown];

const TOKENS = { input: 1200, output: 60 } as const;
const id = (prefix: string): string => `${prefix}${randomBytes(8).toString('hex')}`;

/** The events of a whole answer, and how many of them make a beginning without an end. */
export const EVENTS: Readonly<Record<Dialect, (answer: Answer) => WireEvent[]>> = { anthropic, chat, responses, gemini };
export const BEGINNING: Readonly<Record<Dialect, number>> = { anthropic: 3, chat: 2, responses: 5, gemini: 1 };

/** The same as one body, for questions that want no stream. */
export const BODY: Readonly<Record<Dialect, (answer: Answer) => unknown>> = {
  anthropic: ({ model, says }) => ({
    id: id('msg_'),
    type: 'message',
    role: 'assistant',
    model,
    content: [{ type: 'text', text: says }],
    stop_reason: 'end_turn',
    stop_sequence: null,
    usage: { input_tokens: TOKENS.input, output_tokens: TOKENS.output },
  }),
  chat: ({ model, says }) => ({
    id: id('chatcmpl-'),
    object: 'chat.completion',
    created: 0,
    model,
    choices: [{ index: 0, message: { role: 'assistant', content: says }, finish_reason: 'stop' }],
    usage: chatUsage,
  }),
  responses: (answer) => lastResponse(answer, itemsOf(answer)),
  gemini: (answer) => gemini(answer).at(-1)?.[1],
};

function anthropic({ model, says, call, refuses }: Answer): WireEvent[] {
  const usage = { input_tokens: TOKENS.input, cache_creation_input_tokens: 0, cache_read_input_tokens: 0, output_tokens: 1 };
  const message = { id: id('msg_'), type: 'message', role: 'assistant', model, content: [], stop_reason: null, stop_sequence: null, usage };
  const block = (index: number, content: object, delta: object): WireEvent[] => [
    ['content_block_start', { type: 'content_block_start', index, content_block: content }],
    ['content_block_delta', { type: 'content_block_delta', index, delta }],
    ['content_block_stop', { type: 'content_block_stop', index }],
  ];
  const stop = refuses ? 'refusal' : call ? 'tool_use' : 'end_turn';
  const details = refuses ? { stop_details: { type: 'refusal', category: 'cyber', explanation: 'This request was declined.' } } : {};
  const said = says === '' ? 0 : 1;
  return [
    ['message_start', { type: 'message_start', message }],
    ...(said ? block(0, { type: 'text', text: '' }, { type: 'text_delta', text: says }) : []),
    ...(call
      ? block(
          said,
          { type: 'tool_use', id: id('toolu_'), name: call.name, input: {} },
          { type: 'input_json_delta', partial_json: JSON.stringify(call.input) },
        )
      : []),
    [
      'message_delta',
      { type: 'message_delta', delta: { stop_reason: stop, stop_sequence: null, ...details }, usage: { output_tokens: TOKENS.output } },
    ],
    ['message_stop', { type: 'message_stop' }],
  ];
}

const chatUsage = { prompt_tokens: TOKENS.input, completion_tokens: TOKENS.output, total_tokens: TOKENS.input + TOKENS.output };

function chat({ model, says, call, refuses }: Answer): WireEvent[] {
  const base = { id: id('chatcmpl-'), object: 'chat.completion.chunk', created: 0, model };
  const piece = (delta: object, finish: string | null = null): WireEvent => [
    undefined,
    { ...base, choices: [{ index: 0, delta, finish_reason: finish }] },
  ];
  const calls = call && [
    { index: 0, id: id('call_'), type: 'function', function: { name: call.name, arguments: JSON.stringify(call.input) } },
  ];
  return [
    piece({ role: 'assistant', content: '' }),
    ...(says === '' ? [] : [piece({ content: says })]),
    ...(calls ? [piece({ tool_calls: calls })] : []),
    piece({}, refuses ? 'content_filter' : call ? 'tool_calls' : 'stop'),
    [undefined, { ...base, choices: [], usage: chatUsage }],
    [undefined, '[DONE]'],
  ];
}

type Item = { readonly id: string; readonly type: string } & Readonly<Record<string, unknown>>;

function itemsOf({ says, call }: Answer): Item[] {
  const text = { type: 'output_text', text: says, annotations: [] };
  return [
    ...(says !== '' || !call ? [{ id: id('msg_'), type: 'message', status: 'completed', role: 'assistant', content: [text] }] : []),
    ...(call
      ? [
          {
            id: id('fc_'),
            type: 'function_call',
            status: 'completed',
            call_id: id('call_'),
            name: call.name,
            arguments: JSON.stringify(call.input),
          },
        ]
      : []),
  ];
}

const baseResponse = (model: string) => ({
  id: id('resp_'),
  object: 'response',
  created_at: 0,
  model,
  status: 'in_progress',
  output: [] as readonly Item[],
  error: null,
  incomplete_details: null as unknown,
  parallel_tool_calls: true,
  tool_choice: 'auto',
  tools: [],
  usage: null as unknown,
});

function lastResponse({ model, refuses }: Answer, output: readonly Item[]) {
  const usage = {
    input_tokens: TOKENS.input,
    input_tokens_details: { cached_tokens: 0 },
    output_tokens: TOKENS.output,
    output_tokens_details: { reasoning_tokens: 0 },
    total_tokens: TOKENS.input + TOKENS.output,
  };
  const incomplete = refuses ? { status: 'incomplete', incomplete_details: { reason: 'content_filter' } } : { status: 'completed' };
  return { ...baseResponse(model), output, usage, ...incomplete };
}

function responses(answer: Answer): WireEvent[] {
  const items = itemsOf(answer);
  const response = baseResponse(answer.model);
  const last = lastResponse(answer, items);
  const events: [string, object][] = [
    ['response.created', { response }],
    ['response.in_progress', { response }],
    ...items.flatMap((item, index): [string, object][] =>
      item.type === 'message' ? spoken(item, index, answer.says) : called(item, index),
    ),
    [`response.${last.status}`, { response: last }],
  ];
  return events.map(([type, data], sequence): WireEvent => [type, { type, sequence_number: sequence, ...data }]);
}

function spoken(item: Item, index: number, says: string): [string, object][] {
  const at = { item_id: item.id, output_index: index, content_index: 0 };
  return [
    ['response.output_item.added', { output_index: index, item: { ...item, status: 'in_progress', content: [] } }],
    ['response.content_part.added', { ...at, part: { type: 'output_text', text: '', annotations: [] } }],
    ['response.output_text.delta', { ...at, delta: says }],
    ['response.output_text.done', { ...at, text: says }],
    ['response.content_part.done', { ...at, part: { type: 'output_text', text: says, annotations: [] } }],
    ['response.output_item.done', { output_index: index, item }],
  ];
}

function called(item: Item, index: number): [string, object][] {
  const at = { item_id: item.id, output_index: index };
  return [
    ['response.output_item.added', { output_index: index, item: { ...item, status: 'in_progress', arguments: '' } }],
    ['response.function_call_arguments.done', { ...at, arguments: item['arguments'] }],
    ['response.output_item.done', { output_index: index, item }],
  ];
}

function gemini({ model, says, call, refuses }: Answer): WireEvent[] {
  const usageMetadata = {
    promptTokenCount: TOKENS.input,
    candidatesTokenCount: TOKENS.output,
    totalTokenCount: TOKENS.input + TOKENS.output,
  };
  const piece = (parts: readonly object[] | undefined, finishReason?: string): WireEvent => [
    undefined,
    {
      candidates: [{ index: 0, ...(parts ? { content: { role: 'model', parts } } : {}), ...(finishReason ? { finishReason } : {}) }],
      usageMetadata,
      modelVersion: model,
      responseId: id('r'),
    },
  ];
  return [
    ...(says === '' ? [] : [piece([{ text: says }])]),
    ...(call ? [piece([{ functionCall: { name: call.name, args: call.input } }])] : []),
    refuses ? piece(undefined, 'SAFETY') : piece([{ text: '' }], 'STOP'),
  ];
}
