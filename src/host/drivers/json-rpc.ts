// Calls of a program that speaks JSON-RPC, and its own calls and notifications.

import { type Message, type ProgramEnd, type Speaker, startSpeaker } from './json-lines.ts';

export class RpcError extends Error {
  readonly error: Message;
  constructor(error: Message) {
    super(String(error['message'] ?? JSON.stringify(error)));
    this.error = error;
  }
}

/** The program has ended before it answered. */
export class ProgramEnded extends Error {
  readonly end: ProgramEnd;
  constructor(end: ProgramEnd) {
    super('the program has ended before it answered');
    this.end = end;
  }
}

export interface Rpc {
  /** Rejects with RpcError or ProgramEnded. */
  call(method: string, params: unknown): Promise<Message>;
  notify(method: string): void;
  readonly speaker: Speaker;
}

export interface RpcListener {
  /** A notification. */
  notified(method: string, params: Message): void;
  /** A call of the program's own; what it returns is the answer. */
  called(method: string, params: Message): unknown;
}

export function startRpc(argv: readonly string[], listener: RpcListener): Rpc {
  const waiting = new Map<unknown, { resolve(result: Message): void; reject(error: Error): void }>();
  let last = 0;
  const speaker = startSpeaker(argv, (message) => {
    const { id, method, params, error, result } = message;
    if (typeof method === 'string' && id !== undefined) speaker.send({ id, result: listener.called(method, asMessage(params)) });
    else if (typeof method === 'string') listener.notified(method, asMessage(params));
    else {
      const call = waiting.get(id);
      waiting.delete(id);
      if (error !== undefined) call?.reject(new RpcError(asMessage(error)));
      else call?.resolve(asMessage(result));
    }
  });
  void speaker.ended.then((end) => {
    for (const { reject } of waiting.values()) reject(new ProgramEnded(end));
    waiting.clear();
  });
  return {
    speaker,
    notify: (method) => speaker.send({ method }),
    call: (method, params) => {
      last += 1;
      const id = last;
      const answer = new Promise<Message>((resolve, reject) => waiting.set(id, { resolve, reject }));
      speaker.send({ id, method, params });
      return answer;
    },
  };
}

const asMessage = (value: unknown): Message => (typeof value === 'object' && value !== null ? (value as Message) : {});
