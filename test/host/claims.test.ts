import { describe, expect, it } from 'vitest';
import { createClaims } from '../../src/host/claims.ts';

describe('a claim to a run', () => {
  it('is held until it is let go', async () => {
    const claims = createClaims();
    expect(claims.holds('a')).toBe(false);
    const claim = claims.take('a');
    await claim.held;
    expect(claims.holds('a')).toBe(true);
    expect(claim.wanted.aborted).toBe(false);
    claim.release();
    expect(claims.holds('a')).toBe(false);
  });

  it('is nobody else’s business where the runs are two', async () => {
    const claims = createClaims();
    const [a, b] = [claims.take('a'), claims.take('b')];
    await Promise.all([a.held, b.held]);
    expect(a.wanted.aborted).toBe(false);
    a.release();
    expect(claims.holds('b')).toBe(true);
  });

  it('is asked for by the next one, which has it only when it was let go', async () => {
    const claims = createClaims();
    const first = claims.take('a');
    const happened: string[] = [];
    first.wanted.addEventListener('abort', () => happened.push('the first is asked to let go'));
    const second = claims.take('a');
    const held = second.held.then(() => void happened.push('the second has it'));
    await Promise.resolve();
    expect(happened).toEqual(['the first is asked to let go']);
    happened.push('the first lets go');
    first.release();
    await held;
    expect(second.wanted.aborted).toBe(false);
    expect(happened).toEqual(['the first is asked to let go', 'the first lets go', 'the second has it']);
    expect(claims.holds('a')).toBe(true);
  });

  it('goes from one to the next where many ask at once, and never to two', async () => {
    const claims = createClaims();
    let holders = 0;
    let most = 0;
    const takeAndLetGo = async () => {
      const claim = claims.take('a');
      await claim.held;
      most = Math.max(most, ++holders);
      // The last one is asked by nobody.
      if (left.size > 1)
        await new Promise<void>((asked) => (claim.wanted.aborted ? asked() : claim.wanted.addEventListener('abort', () => asked())));
      holders -= 1;
      claim.release();
    };
    const left = new Set<Promise<void>>();
    const all = Array.from({ length: 5 }, () => {
      const one: Promise<void> = takeAndLetGo().finally(() => left.delete(one));
      left.add(one);
      return one;
    });
    await Promise.all(all);
    expect(most).toBe(1);
    expect(claims.holds('a')).toBe(false);
  });
});
