import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Attention, nextNotice, noticeOf, type Told } from '../../src/domain/notice.ts';

const HOUR = 3_600_000;
const ATTENTION: Attention = { channels: 1, remindMs: 4 * HOUR, escalateMs: 12 * HOUR, fallback: 'on-call' };

/** What goes out about a question that nobody answers, in hours after it was asked. */
function unanswered(attention: Attention, most: number): [string, number][] {
  const out: [string, number][] = [];
  let told: Told = { reminders: 0, escalated: false };
  for (let next = nextNotice(attention, told); next && out.length < most; next = nextNotice(attention, told)) {
    out.push([next.kind, next.atMs / HOUR]);
    told = next.kind === 'escalated' ? { ...told, escalated: true } : { ...told, reminders: told.reminders + 1 };
  }
  return out;
}

describe('a question that nobody answers', () => {
  it('reminds after twice the time each time, at least once a day, and goes to the fallback owner once', () => {
    expect(unanswered(ATTENTION, 7)).toEqual([
      ['reminder', 4],
      ['escalated', 12],
      ['reminder', 12],
      ['reminder', 28],
      ['reminder', 52],
      ['reminder', 76],
      ['reminder', 100],
    ]);
  });

  it('without a fallback owner only reminds, without a channel only changes hands, and without both does nothing', () => {
    const { fallback: _, ...alone } = ATTENTION;
    expect(unanswered(alone, 3).map(([kind]) => kind)).toEqual(['reminder', 'reminder', 'reminder']);
    expect(unanswered({ ...ATTENTION, channels: 0 }, 3)).toEqual([['escalated', 12]]);
    expect(unanswered({ ...alone, channels: 0 }, 3)).toEqual([]);
  });

  it('is never told of twice at once for the same reason, and at most a handful of times in any day', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: HOUR, max: 30 * 24 * HOUR }),
        fc.integer({ min: 1000, max: 30 * 24 * HOUR }),
        (remindMs, escalateMs) => {
          const out = unanswered({ ...ATTENTION, remindMs, escalateMs }, 40);
          const at = out.map(([, hours]) => hours);
          expect(at).toEqual([...at].sort((a, b) => a - b));
          expect(out.filter(([kind]) => kind === 'escalated')).toHaveLength(
            out.length === 40 && out.every(([kind]) => kind === 'reminder') ? 0 : 1,
          );
          for (const from of at) expect(at.filter((hours) => hours >= from && hours < from + 24).length).toBeLessThanOrEqual(7);
        },
      ),
    );
  });
});

describe('a notice', () => {
  const question = {
    id: 'q2',
    text: 'What now?',
    evidence: [],
    choices: ['retry', 'close'],
    owner: 'ann',
    askedAt: '2026-01-01T00:00:00.000Z',
    needsChange: true,
  } as const;
  it('has the commands that answer it, and a key that is its own and the same each time', () => {
    const notice = noticeOf('reminder', 2, { id: 'fix', title: 'Fix it' }, question);
    expect(notice).toMatchObject({
      v: 1,
      owner: 'ann',
      show: 'outlive show fix',
      answer: ["outlive answer fix retry --note '…'", 'outlive answer fix close'],
      key: 'fix/q2/2026-01-01T00:00:00.000Z/reminder-2',
    });
    expect(noticeOf('reminder', 3, { id: 'fix', title: 'Fix it' }, question).key).not.toBe(notice.key);
  });
});
