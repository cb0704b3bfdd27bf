// A model provider on loopback that answers, and fails, as a test tells it. Agents are real, their provider is not: nobody
// could make a real one overloaded on demand.

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { type Question, readQuestion, shellCall } from './questions.ts';
import { ERRORS, SCENARIOS, type ScenarioName, type Step, splitStep } from './scenarios.ts';
import { type Answer, BEGINNING, BODY, EVENTS, type WireEvent } from './wire.ts';

/** One question to the model, hidden retries included. `at` in milliseconds. */
export interface ModelRequest {
  readonly at: number;
  readonly path: string;
  readonly status: number | 'stalled' | 'reset';
  /** No question of the agent's own: a title, a summary. */
  readonly isAside: boolean;
}

export interface Provider {
  readonly origin: string;
  readonly requests: readonly ModelRequest[];
  /** From now on it behaves like that, from the beginning of its script. */
  turnTo(scenario: ScenarioName): void;
  close(): Promise<void>;
}

const SIDE_ANSWER: Step = { kind: 'answer', says: 'The work' };
const RESET_MS = 200;

export async function startProvider(scenario: ScenarioName): Promise<Provider> {
  let steps: readonly Step[] = SCENARIOS[scenario];
  let asked = 0;
  const requests: ModelRequest[] = [];
  const sockets = new Set<Socket>();
  const stepFor = (question: Question): Step => {
    const told = steps[Math.min(asked, steps.length - 1)] ?? SIDE_ANSWER;
    const next = told.kind === 'split' ? splitStep(question.text) : told;
    // Where the provider is away, it is away for everybody.
    if (question.tools.length === 0) return next.kind === 'answer' ? SIDE_ANSWER : next;
    asked += 1;
    return next;
  };
  const server = createServer((request, response) => {
    void respond(request, response, stepFor, (status, { tools }) => {
      requests.push({ at: Date.now(), path: (request.url ?? '').split('?')[0] ?? '', status, isAside: tools.length === 0 });
    }).catch(() => response.destroy());
  });
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined).on('close', () => sockets.delete(socket));
  });
  // Codex tries a WebSocket first.
  server.on('upgrade', (_, socket) => socket.end('HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\nconnection: close\r\n\r\n'));
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(0, '127.0.0.1', resolve));
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    turnTo: (other) => {
      steps = SCENARIOS[other];
      asked = 0;
    },
    close: () =>
      new Promise((resolve) => {
        for (const socket of sockets) socket.destroy();
        server.close(() => resolve());
      }),
  };
}

type Note = (status: ModelRequest['status'], question: Question) => void;

async function respond(
  request: IncomingMessage,
  response: ServerResponse,
  stepFor: (question: Question) => Step,
  note: Note,
): Promise<void> {
  const question = readQuestion(request.method ?? 'GET', request.url ?? '/', await text(request));
  switch (question.kind) {
    case 'models':
      json(response, 200, { object: 'list', data: [{ id: 'test-model', object: 'model', created: 0, owned_by: 'test' }], models: [] });
      break;
    case 'count':
      json(response, 200, question.dialect === 'gemini' ? { totalTokens: 1200 } : { input_tokens: 1200 });
      break;
    case 'unknown':
      json(response, 404, { error: { message: 'the test provider has no such path', type: 'not_found' } });
      break;
    case 'question':
      play(stepFor(question), question, response, note);
  }
}

function play(step: Step, question: Question, response: ServerResponse, note: Note): void {
  switch (step.kind) {
    case 'answer':
      note(200, question);
      answer(step, question, response);
      break;
    case 'error': {
      const { status, body } = ERRORS[step.error][question.dialect];
      note(status, question);
      json(response, status, body, step.headers);
      break;
    }
    case 'split':
      throw new Error('a split is played as the step that it comes to');
    case 'stall':
      note('stalled', question);
      begin(response, question);
      break;
    case 'reset':
      note('reset', question);
      begin(response, question);
      setTimeout(() => response.socket?.resetAndDestroy(), RESET_MS);
  }
}

function answer(step: Step & { kind: 'answer' }, { dialect, model, streams, tools }: Question, response: ServerResponse): void {
  const call = step.run === undefined ? undefined : shellCall(tools, step.run);
  const whole: Answer = { model, says: step.says, ...(call ? { call } : {}), ...(step.refuses ? { refuses: true } : {}) };
  if (streams) stream(response, EVENTS[dialect](whole), 'whole');
  else json(response, 200, BODY[dialect](whole));
}

/** The first words of an answer that never ends. */
function begin(response: ServerResponse, { dialect, model, streams }: Question): void {
  if (streams) {
    stream(response, EVENTS[dialect]({ model, says: 'I begin with the work, and' }).slice(0, BEGINNING[dialect]), 'cut');
    return;
  }
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': '9999' });
  response.write('{"id":"cut off');
}

function json(response: ServerResponse, status: number, body: unknown, headers: Readonly<Record<string, string>> = {}): void {
  response.writeHead(status, { 'content-type': 'application/json', 'request-id': 'req_test', ...headers }).end(JSON.stringify(body));
}

function stream(response: ServerResponse, events: readonly WireEvent[], how: 'whole' | 'cut'): void {
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-cache', 'request-id': 'req_test' });
  for (const [name, data] of events) {
    response.write(`${name === undefined ? '' : `event: ${name}\n`}data: ${typeof data === 'string' ? data : JSON.stringify(data)}\n\n`);
  }
  if (how === 'whole') response.end();
}
