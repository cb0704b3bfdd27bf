// When a host asks for runs. The server's own rule is a slot for every open poll, which lets two queues starve each other
// for a whole long poll. Here open polls cost nothing, and what counts are living agents; so the seat itself is taken by
// the activity, which declines a run that came one too many.

import type { ActivitySlotInfo, CustomSlotSupplier, SlotPermit } from '@temporalio/worker';
import type { Seats } from './host/seats.ts';

/** Whether the host takes runs at all; closed while it is drained or short of space. */
export interface Gate {
  isOpen(): boolean;
  onChange(call: () => void): void;
}

interface Permit extends SlotPermit {
  readonly queue: string;
  used: boolean;
}

/** One for all queues that share the host's seats. */
export function runSlots(seats: Seats, gate: Gate): CustomSlotSupplier<ActivitySlotInfo> {
  const polls = new Map<string, number>();
  const waiting = new Set<() => void>();
  const wakeAll = () => {
    for (const wake of [...waiting]) wake();
  };
  const count = (queue: string, by: number) => polls.set(queue, (polls.get(queue) ?? 0) + by);
  const mayPoll = (queue: string) => gate.isOpen() && (polls.get(queue) ?? 0) < seats.free();
  seats.onRelease(wakeAll);
  gate.onChange(wakeAll);
  return {
    type: 'custom',
    reserveSlot: async ({ taskQueue }, signal) => {
      while (!mayPoll(taskQueue)) await changed(waiting, signal);
      count(taskQueue, 1);
      return { queue: taskQueue, used: false } satisfies Permit;
    },
    // Eager activities come back with their own workflow's tasks, never from a host's queue.
    tryReserveSlot: () => null,
    markSlotUsed: ({ permit }) => {
      const poll = permit as Permit;
      poll.used = true;
      count(poll.queue, -1);
    },
    releaseSlot: ({ permit }) => {
      const poll = permit as Permit;
      if (!poll.used) count(poll.queue, -1);
      wakeAll();
    },
  };
}

/** Resolves at the next change; rejects with the signal's reason when the worker ends. */
function changed(waiting: Set<() => void>, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = () => {
      waiting.delete(wake);
      reject(signal.reason);
    };
    const wake = () => {
      waiting.delete(wake);
      signal.removeEventListener('abort', stop);
      resolve();
    };
    if (signal.aborted) return stop();
    waiting.add(wake);
    signal.addEventListener('abort', stop, { once: true });
  });
}
