import type { ActivitySlotInfo, CustomSlotSupplier, SlotPermit } from '@temporalio/worker';
import { describe, expect, it } from 'vitest';
import { createSeats } from '../src/host/seats.ts';
import { type Gate, runSlots } from '../src/run-slots.ts';

const POOL = 'runs.default';
const HOST = 'host.h1.runs';

interface TestGate extends Gate {
  set(open: boolean): void;
}

function testGate(): TestGate {
  const calls: (() => void)[] = [];
  let open = true;
  return {
    isOpen: () => open,
    onChange: (call) => void calls.push(call),
    set: (to) => {
      open = to;
      for (const call of calls) call();
    },
  };
}

interface Poll {
  readonly permit: Promise<SlotPermit>;
  /** Undefined as long as the poll waits. */
  state(): Promise<'open' | 'refused' | undefined>;
  stop(): void;
}

function open(supplier: CustomSlotSupplier<ActivitySlotInfo>, taskQueue: string): Poll {
  const stopping = new AbortController();
  const context = { slotType: 'activity', taskQueue, workerIdentity: 'w', workerBuildId: '', isSticky: false } as const;
  const permit = supplier.reserveSlot(context, stopping.signal);
  let state: 'open' | 'refused' | undefined;
  permit.then(
    () => {
      state = 'open';
    },
    () => {
      state = 'refused';
    },
  );
  return {
    permit,
    // A turn of the event loop: everything that was woken has run by then.
    state: () => new Promise((resolve) => setImmediate(() => resolve(state))),
    stop: () => stopping.abort(new Error('the worker ends')),
  };
}

const use = (supplier: CustomSlotSupplier<ActivitySlotInfo>, permit: SlotPermit): void =>
  supplier.markSlotUsed({ slotInfo: { type: 'activity', activityType: 'runAgent' }, permit } as never);
const release = (supplier: CustomSlotSupplier<ActivitySlotInfo>, permit: SlotPermit): void => supplier.releaseSlot({ permit } as never);

function host(capacity: number) {
  const seats = createSeats(capacity);
  const gate = testGate();
  return { seats, gate, supplier: runSlots(seats, gate) };
}

describe('a host that asks for runs', () => {
  it('has as many open polls as free seats, for each of its queues', async () => {
    const { supplier } = host(2);
    const polls = [POOL, POOL, POOL, HOST, HOST, HOST].map((queue) => open(supplier, queue));
    expect(await Promise.all(polls.map((poll) => poll.state()))).toEqual(['open', 'open', undefined, 'open', 'open', undefined]);
  });

  it('does not let one queue take another’s poll', async () => {
    const { supplier } = host(1);
    expect(await open(supplier, POOL).state()).toBe('open');
    expect(await open(supplier, HOST).state()).toBe('open');
  });

  it('asks for nothing where no seat is free, and again when one is given back', async () => {
    const { supplier, seats } = host(1);
    seats.take('a');
    const poll = open(supplier, POOL);
    expect(await poll.state()).toBeUndefined();
    seats.release('a');
    expect(await poll.state()).toBe('open');
  });

  it('counts a living run and not the poll that brought it', async () => {
    const { supplier, seats } = host(2);
    const [first, second] = [open(supplier, POOL), open(supplier, POOL)];
    use(supplier, await first.permit);
    seats.take('a');
    const third = open(supplier, POOL);
    // One seat is free, and the second poll is still open for it.
    expect(await third.state()).toBeUndefined();
    use(supplier, await second.permit);
    seats.take('b');
    release(supplier, await first.permit);
    expect(await third.state()).toBeUndefined();
    seats.release('a');
    expect(await third.state()).toBe('open');
  });

  it('asks again when a poll brought nothing, or a run that it declined', async () => {
    const { supplier } = host(1);
    const empty = open(supplier, POOL);
    const next = open(supplier, POOL);
    expect(await next.state()).toBeUndefined();
    release(supplier, await empty.permit);
    expect(await next.state()).toBe('open');
    const last = open(supplier, POOL);
    expect(await last.state()).toBeUndefined();
    use(supplier, await next.permit);
    release(supplier, await next.permit);
    expect(await last.state()).toBe('open');
  });

  it('has one poll for one seat, however many are woken by it', async () => {
    const { supplier, seats } = host(1);
    seats.take('a');
    const polls = [open(supplier, POOL), open(supplier, POOL)];
    seats.release('a');
    expect(await Promise.all(polls.map((poll) => poll.state()))).toEqual(['open', undefined]);
  });
});

describe('a host that takes no runs', () => {
  it('asks for nothing, and again when its gate opens', async () => {
    const { supplier, gate } = host(1);
    gate.set(false);
    const poll = open(supplier, POOL);
    expect(await poll.state()).toBeUndefined();
    gate.set(true);
    expect(await poll.state()).toBe('open');
  });

  it('is not let in by a seat that is given back', async () => {
    const { supplier, seats, gate } = host(1);
    seats.take('a');
    gate.set(false);
    const poll = open(supplier, POOL);
    seats.release('a');
    expect(await poll.state()).toBeUndefined();
  });
});

describe('a worker that ends', () => {
  it('gives up every poll that waits', async () => {
    const { supplier, seats } = host(1);
    seats.take('a');
    const poll = open(supplier, POOL);
    poll.stop();
    expect(await poll.state()).toBe('refused');
    await expect(poll.permit).rejects.toThrow('the worker ends');
    const late = open(supplier, POOL);
    late.stop();
    expect(await late.state()).toBe('refused');
    seats.release('a');
    expect(await open(supplier, POOL).state()).toBe('open');
  });

  it('is never given a run on the side', () => {
    expect(host(3).supplier.tryReserveSlot({} as never)).toBeNull();
  });
});
