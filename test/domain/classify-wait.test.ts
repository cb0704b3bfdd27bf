import { describe, expect, it } from 'vitest';
import { classify } from '../../src/domain/classify.ts';

const AT = '2026-03-01T09:30:00+01:00';
const wait = (tail: string, more: object = { at: AT }) => {
  const { reason, retry, retryAfterMs, resetsAt } = classify({ exitCode: 1, tail, ...more });
  return { reason, retry, retryAfterMs, resetsAt };
};

describe('a wait that the provider asks for', () => {
  it.each([
    ['HTTP 429 Too Many Requests\nretry-after: 30', 30_000],
    ['HTTP 429 Too Many Requests\nretry-after-ms: 1500', 1500],
    ['HTTP 429 Too Many Requests\n{"retryAfter":"2"}', 2000],
    ['Rate limit reached on tokens per min. Please try again in 20s.', 20_000],
    ['Rate limit reached on tokens per min. Please try again in 312ms.', 312],
    ['Rate limit reached on tokens per min. Please try again in 1m2.5s.', 62_500],
    ['429 Too Many Requests. Please retry in 34.074824224s.', 34_075],
    ['429 Too Many Requests {"retryDelay": "34s"}', 34_000],
    ['429 Too Many Requests, please wait 2 minutes', 120_000],
    ['HTTP 429 Too Many Requests\nretry-after: Sun, 01 Mar 2026 08:31:00 GMT', 60_000],
  ])('is read from %j', (tail, retryAfterMs) => {
    expect(wait(tail)).toEqual({ reason: 'rate_limited', retry: true, retryAfterMs, resetsAt: undefined });
  });

  it('is none where the client only says how long it pauses itself', () => {
    expect(
      wait('HTTP 429 Too Many Requests\nRetrying in 4 seconds...\nWaiting for 8 seconds before retrying...').retryAfterMs,
    ).toBeUndefined();
  });

  it('is none where only the model speaks of it', () => {
    const message = JSON.stringify({ type: 'assistant', message: { content: [{ type: 'text', text: 'please try again in 20s' }] } });
    expect(wait(`${message}\nHTTP 429 Too Many Requests`)).toMatchObject({ reason: 'rate_limited', retryAfterMs: undefined });
  });

  it('of hours belongs to a plan, not to a rate', () => {
    expect(wait('HTTP 429 Too Many Requests\nretry-after: 14400')).toEqual({
      reason: 'quota_exhausted',
      retry: 'after_check',
      retryAfterMs: 14_400_000,
      resetsAt: '2026-03-01T12:30:00.000Z',
    });
  });

  it('may stand on the other stream', () => {
    expect(classify({ exitCode: 1, stderrTail: 'RateLimitError: 429', stdoutTail: '{"status":429,"retryAfter":"7"}' }).retryAfterMs).toBe(
      7000,
    );
  });

  it('is found beside a status that is known without words', () => {
    expect(classify({ httpStatus: 503, tail: 'Retry-After: 5' })).toMatchObject({ reason: 'provider_overloaded', retryAfterMs: 5000 });
  });

  it('is no matter where waiting is none', () => {
    expect(wait('invalid x-api-key, please try again in 20s')).toMatchObject({ reason: 'credential_rejected', retryAfterMs: undefined });
  });
});

describe('a reset that is stated', () => {
  const LIMIT = "You've hit your usage limit";
  it.each([
    ['resets 10am (UTC)', '2026-03-01T10:00:00.000Z'],
    ['resets 8am (UTC)', '2026-03-02T08:00:00.000Z'],
    ['resets 12am (UTC)', '2026-03-02T00:00:00.000Z'],
    ['resets 3:30pm (Europe/Paris)', '2026-03-01T14:30:00.000Z'],
    ['resets 23:15 (Asia/Tokyo)', '2026-03-01T14:15:00.000Z'],
    ['resets Mar 3, 10am (UTC)', '2026-03-03T10:00:00.000Z'],
    ['resets Mar 30 at 10am (Europe/Paris)', '2026-03-30T08:00:00.000Z'],
    ['resets Jan 2, 10am (UTC)', '2027-01-02T10:00:00.000Z'],
    ['resets at 2026-03-01T12:00:00+02:00', '2026-03-01T10:00:00.000Z'],
    ['regain access on 2026-04-01 at 00:00 UTC', '2026-04-01T00:00:00.000Z'],
    ['{"resetsAt":1772360000}', '2026-03-01T10:13:20.000Z'],
    ['x-ratelimit-reset: 1772360000000', '2026-03-01T10:13:20.000Z'],
    ['{"resets_in_seconds":3600}', '2026-03-01T09:30:00.000Z'],
  ])('%s is placed', (text, resetsAt) => {
    expect(wait(`${LIMIT} · ${text}`)).toMatchObject({ reason: 'quota_exhausted', retry: 'after_check', resetsAt });
  });

  it('as a clock time without a zone is none, but it was stated', () => {
    expect(wait(`${LIMIT} · resets 7pm`)).toMatchObject({ retry: 'after_check', resetsAt: undefined });
  });

  it('as a clock time without a zone is one for an agent that prints local time', () => {
    expect(wait(`${LIMIT}, try again at 3:48 PM.`, { at: AT, printsLocalTime: true }).resetsAt).toBe('2026-03-01T14:48:00.000Z');
  });

  it('as a clock time is none where the time of the end is unknown', () => {
    expect(wait(`${LIMIT} · resets 10am (UTC)`, {})).toMatchObject({ retry: 'after_check', resetsAt: undefined });
  });

  it('in a zone that nobody knows is none', () => {
    expect(wait(`${LIMIT} · resets 10am (Mars/Olympus)`).resetsAt).toBeUndefined();
  });

  it('that is missing leaves a used-up quota to a person', () => {
    expect(wait(LIMIT)).toMatchObject({ reason: 'quota_exhausted', retry: false });
  });
});
