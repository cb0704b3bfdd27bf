import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createSeats } from '../../src/host/seats.ts';

describe('the seats of a host', () => {
  it('are taken one by one, until none is free', () => {
    const seats = createSeats(2);
    expect([seats.take('a'), seats.take('b'), seats.take('c')]).toEqual([true, true, false]);
    expect({ taken: seats.taken(), free: seats.free(), capacity: seats.capacity }).toEqual({ taken: ['a', 'b'], free: 0, capacity: 2 });
    seats.release('a');
    expect(seats.take('c')).toBe(true);
  });

  it('count a run once, however often it asks', () => {
    const seats = createSeats(2);
    expect([seats.take('a'), seats.take('a')]).toEqual([true, true]);
    seats.occupy('a');
    expect(seats.free()).toBe(1);
    seats.release('a');
    expect(seats.taken()).toEqual([]);
  });

  it('are kept by a run that has one, even on a full host', () => {
    const seats = createSeats(1);
    seats.take('a');
    expect(seats.take('a')).toBe(true);
  });

  it('are never refused to a run that lives already', () => {
    const seats = createSeats(1);
    seats.take('a');
    seats.occupy('b');
    expect(seats.free()).toBe(0);
    seats.release('a');
    expect({ free: seats.free(), taken: seats.taken() }).toEqual({ free: 0, taken: ['b'] });
    expect(seats.take('c')).toBe(false);
  });

  it('tell everybody when one is given back, and nobody when none was taken', () => {
    const seats = createSeats(1);
    const heard: string[] = [];
    seats.onRelease(() => heard.push(`first ${seats.free()}`));
    seats.onRelease(() => heard.push(`second ${seats.free()}`));
    seats.release('a');
    expect(heard).toEqual([]);
    seats.take('a');
    seats.release('a');
    seats.release('a');
    expect(heard).toEqual(['first 1', 'second 1']);
  });

  it('are as many as their runs, whatever happens in whatever order', () => {
    const step = fc.record({ do: fc.constantFrom('take', 'occupy', 'release'), run: fc.constantFrom('a', 'b', 'c', 'd') });
    fc.assert(
      fc.property(fc.nat(3), fc.array(step), (capacity, steps) => {
        const seats = createSeats(capacity);
        const model = new Set<string>();
        for (const { do: what, run } of steps) {
          if (what === 'take') {
            expect(seats.take(run)).toBe(model.has(run) || model.size < capacity);
            if (model.size < capacity) model.add(run);
          } else if (what === 'occupy') {
            seats.occupy(run);
            model.add(run);
          } else {
            seats.release(run);
            model.delete(run);
          }
          expect(new Set(seats.taken())).toEqual(model);
          expect(seats.free()).toBe(Math.max(0, capacity - model.size));
        }
      }),
    );
  });
});
