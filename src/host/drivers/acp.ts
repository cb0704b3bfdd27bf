// Speaks the Agent Client Protocol with any agent that knows it: one session, one prompt. Both directions go to stdout, one
// message a line, `{"<": …}` from the agent and `{">": …}` to it; the reader of src/agents/acp.ts reads them.
//
// Exit: 0 the agent has ended its turn (whether it did its work, the reader says), 1 it answered with an error, else as its
// process ended that should have gone on.

import { setTimeout as sleep } from 'node:timers/promises';
import { client, methods, PROTOCOL_VERSION, RequestError, type Stream } from '@agentclientprotocol/sdk';
import { readDriverOrder } from './driver-order.ts';
import { exitLike, type Message, type Speaker, startSpeaker, tell } from './json-lines.ts';

interface Told {
  readonly argv: readonly string[];
  readonly prompt: string;
  readonly resume?: string;
  /** The mode that its session is put into. */
  readonly mode?: string;
  readonly login?: { readonly variable: string; readonly method: string };
}

type AnyMessage = Stream['readable'] extends ReadableStream<infer M> ? M : never;
type Permission = { readonly options: readonly { readonly kind: string; readonly optionId: string }[] };

const PLACE = { cwd: process.cwd(), mcpServers: [] };
const ANSWER_MS = 250;
/** How long it may take an agent to let go of its turn, before it is ended. */
const CANCEL_MS = 500;
const AUTH_REQUIRED = -32_000;
/** Lists of what could be chosen; nobody chooses. */
const LISTS: readonly string[] = ['availableCommands', 'availableModels', 'availableModes', 'configOptions'];

const told = (await readDriverOrder()) as unknown as Told;
/** This conversation is at its end: what the agent still says is an echo of that. */
let isOver = false;
let isGone = false;
/** What an old session says again of itself is not news. */
let isReplaying = false;
let session: string | undefined;
let turn: Promise<Message> | undefined;

let hear: (message: AnyMessage) => void = () => undefined;
const speaker: Speaker = startSpeaker(told.argv, (message) => {
  const isEcho = isOver || (isReplaying && message['method'] === 'session/update');
  if (!isEcho) tell({ '<': withoutLists(message) });
  hear(message as unknown as AnyMessage);
});
const stream: Stream = {
  readable: new ReadableStream<AnyMessage>({
    start: (controller) => {
      hear = (message) => controller.enqueue(message);
      void speaker.ended.then(() => {
        isGone = true;
        controller.close();
      });
    },
  }),
  writable: new WritableStream<AnyMessage>({
    write: (message) => {
      tell({ '>': message });
      speaker.send(message as unknown as Message);
    },
  }),
};

function withoutLists(message: unknown): unknown {
  return JSON.parse(JSON.stringify(message, (name, value) => (LISTS.includes(name) ? undefined : value)));
}

async function leave(code: number, farewell?: () => Promise<unknown>): Promise<void> {
  if (isOver) return;
  isOver = true;
  await farewell?.();
  await speaker.end();
  process.exit(code);
}

void speaker.ended.then(async (end) => {
  // It may have answered with its last breath: the answer comes first.
  await sleep(ANSWER_MS);
  if (isOver) return;
  tell({ final: { agent_exit: end.code, agent_signal: end.signal } });
  process.exit(exitLike(end) || 1);
});

await client({ name: 'outlive' })
  .onRequest(methods.client.session.requestPermission, ({ params }) => ({ outcome: allowed(params as Permission) }))
  .onRequest('*', () => {
    throw new RequestError(-32_601, 'Method not found');
  })
  .onNotification('*', () => undefined)
  .connectWith(stream, async (agent) => {
    const request = (method: string, params: unknown) => agent.request<Message, unknown>(method, params);
    const cancel = async () => {
      await agent.notify(methods.agent.session.cancel, { sessionId: session });
      await turn;
    };
    process.on('SIGTERM', () => {
      const farewell = turn && (() => Promise.race([cancel().catch(() => undefined), sleep(CANCEL_MS)]));
      void leave(exitLike({ code: null, signal: 'SIGTERM' }), farewell);
    });
    const began = await request(methods.agent.initialize, {
      protocolVersion: PROTOCOL_VERSION,
      clientInfo: { name: 'outlive', version: '0' },
      // An agent works on the disk itself; what it did there is seen there.
      clientCapabilities: { fs: { readTextFile: false, writeTextFile: false }, terminal: false },
    });
    checkVersion(began);
    session = (await goOn(request, began)) ?? (await startAfresh(request));
    if (told.mode !== undefined) await request(methods.agent.session.setMode, { sessionId: session, modeId: told.mode });
    turn = request(methods.agent.session.prompt, { sessionId: session, prompt: [{ type: 'text', text: told.prompt }] });
    const { stopReason } = await turn;
    if (stopReason !== 'cancelled') return leave(0);
    // Who cancels a run ends this process; nobody else can have.
    if (!isOver) tell({ outlive: { event: 'interrupted' } });
    return leave(1);
  })
  .catch((error: unknown) => {
    // An error of the agent's own has been told as it came; of an agent that is gone its exit says more.
    if (isOver || isGone) return;
    if (!(error instanceof RequestError)) console.error(`outlive: ${error instanceof Error ? error.message : error}`);
    return leave(1);
  });

/** Nobody is there to be asked: what the task does not forbid is allowed. */
function allowed({ options }: Permission): { outcome: 'selected'; optionId: string } | { outcome: 'cancelled' } {
  const option = ['allow_once', 'allow_always'].map((kind) => options.find((one) => one.kind === kind)).find((one) => one !== undefined);
  return option ? { outcome: 'selected', optionId: option.optionId } : { outcome: 'cancelled' };
}

type Request = (method: string, params: unknown) => Promise<Message>;

function checkVersion({ protocolVersion }: Message): void {
  if (typeof protocolVersion !== 'number' || protocolVersion === PROTOCOL_VERSION) return;
  throw new Error(
    `the agent speaks version ${protocolVersion} of the Agent Client Protocol, and Outlive ${PROTOCOL_VERSION}: use a version of the agent that knows it`,
  );
}

/** How this agent goes on with an old session, by its own word. */
function wayOn(began: Message): 'session/resume' | 'session/load' | undefined {
  const { loadSession, sessionCapabilities } = (began['agentCapabilities'] ?? {}) as Message;
  if (((sessionCapabilities ?? {}) as Message)['resume'] !== undefined) return methods.agent.session.resume;
  return loadSession === true ? methods.agent.session.load : undefined;
}

/** The session of an earlier run, where this agent can go on with one and still has it; else undefined: the prompt says everything once more. */
async function goOn(request: Request, began: Message): Promise<string | undefined> {
  if (told.resume === undefined) return undefined;
  const way = wayOn(began);
  if (!way) return tellAfresh('the agent cannot go on with a session');
  isReplaying = true;
  try {
    await request(way, { sessionId: told.resume, ...PLACE });
    tell({ '<': { jsonrpc: '2.0', id: 'resumed', result: { sessionId: told.resume } } });
    return told.resume;
  } catch (error) {
    if (error instanceof RequestError) return tellAfresh(error.message);
    throw error;
  } finally {
    isReplaying = false;
  }
}

function tellAfresh(why: string): undefined {
  tell({ outlive: { event: 'afresh', insteadOf: told.resume, why } });
}

async function startAfresh(request: Request): Promise<string> {
  const start = async () => {
    const { sessionId } = await request(methods.agent.session.new, PLACE);
    if (typeof sessionId === 'string') return sessionId;
    throw new Error(`the agent answered ${methods.agent.session.new} without a sessionId: it does not speak the Agent Client Protocol`);
  };
  const { login } = told;
  try {
    return await start();
  } catch (error) {
    const mayLogIn = login !== undefined && process.env[login.variable] !== undefined;
    if (!mayLogIn || !(error instanceof RequestError) || error.code !== AUTH_REQUIRED) throw error;
    await request(methods.agent.authenticate, { methodId: login.method });
    return start();
  }
}
