import { PassThrough, Readable, Writable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { classifyStream } from '../../src/cli/commands/classify.ts';

type Answer = Record<string, unknown>;

async function answersTo(...chunks: readonly (string | Buffer)[]): Promise<{ bad: number; answers: Answer[]; raw: string }> {
  const output = new PassThrough();
  const text = output.setEncoding('utf8').toArray();
  const { bad } = await classifyStream(Readable.from(chunks, { objectMode: false }), output);
  output.end();
  const raw = (await text).join('');
  const answers = raw
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Answer);
  return { bad, answers, raw };
}
const line = (value: unknown) => `${JSON.stringify(value)}\n`;

describe('a line of last words', () => {
  it('is answered with the verdict, its fields in the order of the contract', async () => {
    const { raw, bad } = await answersTo(
      line({ id: 'a', at: '2026-03-01T09:00:00Z', http_status: 429, tail: "You've hit your usage limit · resets 10am (UTC)" }),
    );
    expect(bad).toBe(0);
    expect(raw).toBe(
      `${JSON.stringify({
        id: 'a',
        class: 'adapter',
        reason: 'quota_exhausted',
        retry: 'after_check',
        basis: 'text',
        rule: 'plan_limit',
        evidence: [
          { where: 'tail', value: "You've hit your usage limit · resets 10am (UTC)" },
          { where: 'http_status', value: '429' },
        ],
        resetsAt: '2026-03-01T10:00:00.000Z',
      })}\n`,
    );
  });

  it('of a good end is none/succeeded', async () => {
    const { answers } = await answersTo(line({ id: 7, exit_code: 0, signal: null, landed: { commits: 1, dirty: 0 } }));
    expect(answers).toEqual([
      {
        id: 7,
        class: 'none',
        reason: 'succeeded',
        retry: false,
        basis: 'exit_code',
        rule: 'good_end',
        evidence: [{ where: 'exit.code', value: '0' }],
      },
    ]);
  });

  it.each([
    [{ exit_code: 1, landed: { commits: 2, dirty: 0 } }, 'crashed_after_output'],
    [{ exit_code: 1, stderr_tail: 'ENOSPC: no space left on device', landed: { commits: 2, dirty: 0, complete: false } }, 'disk_full'],
    [{ signal: 'SIGTERM', harness: { timeout_s: 60, sent: 'SIGTERM' }, stderr_tail: 'HTTP 429 Too Many Requests' }, 'rate_limited'],
    [{ exit_code: 0, harness_signal: 'SIGKILL' }, 'killed'],
    [{ exit_code: 2, stdout_tail: 'prompt is too long: 3 tokens > 2 maximum', duration_s: 1.5 }, 'context_window_exceeded'],
    [{ command: ['agent'], provider_requests: [] }, 'unclassified'],
    [{}, 'unclassified'],
  ])('%j means %s', async (ending, reason) => {
    const { answers } = await answersTo(line(ending));
    expect(answers).toMatchObject([{ reason }]);
    expect(answers[0]).not.toHaveProperty('id');
  });
});

describe('a line that cannot be read', () => {
  it.each([
    ['{"id":"a",', /^not JSON .*expected one object a line/],
    ['[1]', /^expected an object such as .*, not a list$/],
    ['"x"', /^expected an object such as .*, not "x"$/],
    ['{"id":{}}', /^id: expected a string or a number, not an object$/],
    ['{"id":"a","exit_code":"1"}', /^exit_code: expected a whole number, not "1"$/],
    ['{"id":"a","http_status":42}', /^http_status: expected an HTTP status from 100 to 599, not 42$/],
    ['{"id":"a","at":"2026-03-01T10:00:00"}', /^at: expected an ISO time with offset, such as .*, not "2026-03-01T10:00:00"$/],
    ['{"id":"a","tail":["x"]}', /^tail: expected a string, not a list$/],
    ['{"id":"a","landed":{"commits":-1,"dirty":0}}', /^landed.commits: expected a whole number from 0, not -1$/],
    ['{"id":"a","landed":{"commits":1}}', /^landed.dirty: expected a whole number from 0, is missing$/],
    ['{"id":"a","landed":true}', /^landed: expected an object with commits and dirty, not true$/],
    ['{"id":"a","harness":{"timeout_s":60}}', /^harness.sent: expected a string, is missing$/],
    [
      '{"id":"a","duration_s":-1,"signal":9}',
      /^signal: expected a string, not 9; duration_s: expected a number of seconds from 0, not -1$/,
    ],
  ])('%s says what is wrong', async (text, error) => {
    const { answers, bad } = await answersTo(`${text}\n`);
    expect(bad).toBe(1);
    expect(answers[0]?.['error']).toMatch(error);
  });

  it('is answered in its place, with its id, and does not stop the rest', async () => {
    const { answers, bad } = await answersTo(
      line({ id: 'a', exit_code: 0 }),
      '\n',
      line({ id: 'b', exit_code: true }),
      'nonsense\n',
      line({ id: 'd', exit_code: 137 }),
    );
    expect(bad).toBe(2);
    expect(answers).toEqual([
      expect.objectContaining({ id: 'a', reason: 'succeeded' }),
      { id: 'b', error: 'exit_code: expected a whole number, not true' },
      { error: expect.stringContaining('not JSON') },
      expect.objectContaining({ id: 'd', reason: 'killed' }),
    ]);
  });

  it('because it has no end is refused without being kept', async () => {
    const megabyte = 'x'.repeat(1024 * 1024);
    const { answers, bad } = await answersTo(
      '{"tail":"',
      ...Array.from({ length: 8 }, () => megabyte),
      '"}\n',
      line({ id: 'b', exit_code: 0 }),
    );
    expect(bad).toBe(1);
    expect(answers).toEqual([{ error: expect.stringContaining('longer than') }, expect.objectContaining({ id: 'b' })]);
  });
});

describe('the stream', () => {
  it('reads a line and a letter that come in two parts, and a last line without an end', async () => {
    const bytes = Buffer.from(JSON.stringify({ id: 'ä', exit_code: 137 }));
    const middle = bytes.indexOf(0xc3) + 1;
    const { answers } = await answersTo(bytes.subarray(0, middle), bytes.subarray(middle));
    expect(answers).toMatchObject([{ id: 'ä', reason: 'killed' }]);
  });

  it('answers nothing to nothing', async () => {
    expect(await answersTo('')).toEqual({ bad: 0, answers: [], raw: '' });
  });

  it('keeps the order of many lines', async () => {
    const ids = Array.from({ length: 2000 }, (_, n) => n);
    const { answers } = await answersTo(...ids.map((id) => line({ id, exit_code: id % 3 })));
    expect(answers.map((answer) => answer['id'])).toEqual(ids);
  });

  it('waits for a slow reader instead of reading on', async () => {
    const perChunk = line({ id: 'a', exit_code: 1 }).repeat(100);
    let given = 0;
    const input = Readable.from(
      (function* () {
        for (; given < 1000; given++) yield perChunk;
      })(),
      { objectMode: false },
    );
    let release: (() => void) | undefined;
    let held = true;
    let firstBlock: (() => void) | undefined;
    const stuck = new Promise<void>((resolve) => {
      firstBlock = resolve;
    });
    const output = new Writable({
      write(_chunk, _encoding, done) {
        if (!held) return done();
        release = done;
        firstBlock?.();
      },
    });
    const done = classifyStream(input, output);
    await stuck;
    for (let turn = 0; turn < 200; turn++) await new Promise(setImmediate);
    expect(given).toBeLessThan(200);
    held = false;
    release?.();
    expect(await done).toEqual({ bad: 0 });
    expect(given).toBe(1000);
    expect(output.writableEnded).toBe(false);
  });

  it('fails where the output fails', async () => {
    const output = new Writable({ write: (_chunk, _encoding, done) => done(new Error('EPIPE: nobody reads')) });
    await expect(classifyStream(Readable.from([line({ exit_code: 1 })], { objectMode: false }), output)).rejects.toThrow('nobody reads');
  });
});
