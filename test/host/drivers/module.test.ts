import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { expect, it } from 'vitest';
import { driverArgv } from '../../../src/host/drivers/driver-order.ts';
import { tempFolder } from '../scratch.ts';

const fixture = (name: string): string => fileURLToPath(new URL(`../../fixtures/modules/${name}`, import.meta.url));

async function run(path: string, prompt = '', until?: (stdout: string) => boolean) {
  const folder = await tempFolder();
  const order = join(folder, 'driver.json');
  const result = join(folder, 'result.json');
  mkdirSync(join(folder, 'workspace'));
  writeFileSync(order, JSON.stringify({ path, prompt, session: 's-1', argv: [] }));
  const [program = '', ...args] = driverArgv('module', order);
  const child = execa(program, args, {
    cwd: join(folder, 'workspace'),
    env: { OUTLIVE_RESULT_FILE: result, OUTLIVE_TASK: 'fix', OUTLIVE_RUN: '1' },
    reject: false,
    timeout: 15_000,
  });
  if (until) {
    let seen = '';
    child.stdout?.on('data', (piece) => {
      seen += piece;
      if (until(seen)) child.kill('SIGTERM');
    });
  }
  const { exitCode, stdout, stderr } = await child;
  const lines = `${stdout}`.split('\n').filter((line) => line.startsWith('{'));
  return {
    exitCode,
    stderr: `${stderr}`,
    events: lines.map((line) => (JSON.parse(line) as { outlive: { event: string } }).outlive),
    result: existsSync(result) ? JSON.parse(readFileSync(result, 'utf8')) : undefined,
  };
}

it('a function that returns has finished', async () => {
  expect(await run(fixture('ends.mjs'), 'returns')).toEqual({
    exitCode: 0,
    stderr: '',
    events: [{ event: 'began', session: 's-1' }, { event: 'returned' }],
    result: { outcome: 'finished' },
  });
});

it('a RunFailure is the typed end, in TypeScript too', async () => {
  expect(await run(fixture('typed.ts'))).toMatchObject({
    exitCode: 1,
    result: { outcome: 'failed', reason: 'rate_limited', retryAfterMs: 1500, note: 'too many at once' },
  });
});

it('a reason that is none is refused with those that are', async () => {
  const { exitCode, stderr, result } = await run(fixture('ends.mjs'), 'invents');
  expect({ exitCode, result }).toEqual({ exitCode: 1, result: undefined });
  expect(stderr).toMatch(/RunFailure says 'tired', which is no reason; expected one of .*rate_limited/);
});

it('any other error is told with the fields that say why', async () => {
  const { exitCode, stderr, events, result } = await run(fixture('ends.mjs'), 'throws of the SDK');
  expect({ exitCode, result }).toEqual({ exitCode: 1, result: undefined });
  expect(stderr).toContain('Too many requests');
  expect(events.at(-1)).toMatchObject({
    event: 'threw',
    error: { name: 'AI_APICallError', statusCode: 429, message: 'Too many requests' },
  });
});

it.each(['leaves', 'forgets'])('a function that %s is no success', async (how) => {
  const { exitCode, stderr, result } = await run(fixture('ends.mjs'), how);
  expect({ exitCode, result }).toEqual({ exitCode: 1, result: undefined });
  expect(stderr).toContain('left without an answer');
});

it.each([
  ['is not there', 'missing.mjs', /could not be loaded: Cannot find module/],
  ['has no function', fixture('no-default.mjs'), /no function as its default export/],
])('a file that %s is an invalid request, whoever runs it', async (_, path, note) => {
  expect(await run(path)).toMatchObject({
    exitCode: 1,
    result: { outcome: 'failed', reason: 'invalid_request', note: expect.stringMatching(note) },
  });
});

it('SIGTERM aborts its signal, and it ends in its own way', async () => {
  const { exitCode, stderr } = await run(fixture('ends.mjs'), 'waits', (stdout) => stdout.includes('waiting'));
  expect(exitCode).toBe(1);
  expect(stderr).toContain('told to stop');
});
