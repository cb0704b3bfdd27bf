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
const AUTH_REQUIRED = -32_000;
/** Lists of what could be chosen; nobody chooses. */
const LISTS: readonly string[] = ['availableCommands', 'availableModels', 'availableModes', 'configOptions'];

const told = await readDriverOrder<Told>();
let isOver = false;
let isGone = false;
/** What an old session says again of itself is not news. */
let isReplaying = false;
let session: string | undefined;

let hear: (message: AnyMessage) => void = () => undefined;
const speaker: Speaker = startSpeaker(told.argv, (message) => {
  if (!isReplaying || message['method'] !== 'session/update') tell({ '<': withoutLists(message) });
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

async function leave(code: number): Promise<void> {
  if (isOver) return;
  isOver = true;
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
    process.on('SIGTERM', () => {
      if (session !== undefined) void agent.notify(methods.agent.session.cancel, { sessionId: session }).catch(() => undefined);
      void leave(exitLike({ code: null, signal: 'SIGTERM' }));
    });
    const began = await request(methods.agent.initialize, {
      protocolVersion: PROTOCOL_VERSION,
      clientInfo: { name: 'outlive', version: '0' },
      // An agent works on the disk itself; what it did there is seen there.
      clientCapabilities: { fs: { readTextFile: false, writeTextFile: false }, terminal: false },
    });
    session = (await goOn(request, began)) ?? (await startAfresh(request));
    if (told.mode !== undefined) await request(methods.agent.session.setMode, { sessionId: session, modeId: told.mode });
    await request(methods.agent.session.prompt, { sessionId: session, prompt: [{ type: 'text', text: told.prompt }] });
    await leave(0);
  })
  .catch((error: unknown) => {
    // An error of the agent's own has been told as it came; of an agent that is gone its exit says more.
    if (isOver || isGone) return;
    if (!(error instanceof RequestError)) console.error(error);
    return leave(1);
  });

/** Nobody is there to be asked: what the task does not forbid is allowed. */
function allowed({ options }: Permission): { outcome: 'selected'; optionId: string } | { outcome: 'cancelled' } {
  const option = ['allow_once', 'allow_always'].map((kind) => options.find((one) => one.kind === kind)).find((one) => one !== undefined);
  return option ? { outcome: 'selected', optionId: option.optionId } : { outcome: 'cancelled' };
}

type Request = (method: string, params: unknown) => Promise<Message>;

/** The session of an earlier run, where this agent can go on with one and still has it; else undefined. */
async function goOn(request: Request, began: Message): Promise<string | undefined> {
  if (told.resume === undefined) return undefined;
  const { loadSession, sessionCapabilities } = (began['agentCapabilities'] ?? {}) as Message;
  const canResume = ((sessionCapabilities ?? {}) as Message)['resume'] !== undefined;
  if (!canResume && loadSession !== true) return undefined;
  isReplaying = true;
  try {
    await request(canResume ? methods.agent.session.resume : methods.agent.session.load, { sessionId: told.resume, ...PLACE });
    tell({ '<': { jsonrpc: '2.0', id: 'resumed', result: { sessionId: told.resume } } });
    return told.resume;
  } catch (error) {
    // It has lost the session: the prompt says everything once more.
    if (error instanceof RequestError) return undefined;
    throw error;
  } finally {
    isReplaying = false;
  }
}

async function startAfresh(request: Request): Promise<string> {
  const start = async () => String((await request(methods.agent.session.new, PLACE))['sessionId']);
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
