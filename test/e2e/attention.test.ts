// People who are not looking: what goes out about a question, how often, to whom, and what becomes of it when nobody hears.

import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { ANSWER, STOP_UPDATE } from '../../src/domain/names.ts';
import type { Notice } from '../../src/domain/notice.ts';
import { sendUpdate } from '../../src/send-update.ts';
import { outlive } from '../cli/outside.ts';
import { type SmallFleet, startSmallFleet, WORK } from './small-fleet.ts';

const got: Notice[] = [];
let isDown = false;
const server = createServer(async (request, response) => {
  let text = '';
  for await (const chunk of request) text += String(chunk);
  if (!isDown) got.push(JSON.parse(text) as Notice);
  response.writeHead(isDown ? 503 : 200).end();
});
let fleet: SmallFleet;
beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`;
  fleet = await startSmallFleet('attention', {
    config: `notify: [{webhook: '${url}'}]\nowners: {fallback: on-call, remind: 1s, escalate: 2s}\n`,
  });
});
afterAll(async () => {
  await fleet?.stop();
  await new Promise((resolve) => server.close(resolve));
});

const answer = (id: string, sent: object) => fleet.handle(id).executeUpdate(ANSWER, { args: [sent] });
const about = (id: string) => got.filter((notice) => notice.kind !== 'incident' && notice.task === id);
const kinds = (id: string) => about(id).map(({ kind }) => kind);
const PATIENCE = { timeout: 15_000, interval: 50 };
const closed = (id: string) =>
  fleet
    .handle(id)
    .result()
    .catch(() => {});

describe('a question', () => {
  it('goes out once, reminds, and goes to the fallback owner; its answer ends that', async () => {
    await fleet.start('ages', 'exit 3', WORK, { owner: 'ann' });
    await vi.waitFor(() => expect(kinds('ages')).toEqual(['asked', 'reminder', 'escalated', 'reminder']), PATIENCE);
    const [first, , escalated] = about('ages');
    expect(first).toMatchObject({
      v: 1,
      owner: 'ann',
      question: 'q1',
      show: 'outlive show ages',
      choices: expect.arrayContaining(['retry']),
    });
    expect(escalated).toMatchObject({ owner: 'on-call' });
    expect((await fleet.status('ages')).question).toMatchObject({ owner: 'on-call', askedFirst: 'ann' });
    expect(new Set(about('ages').map(({ key }) => key)).size).toBe(4);
    await answer('ages', { choice: 'retry', by: 'bob' });
    expect(await fleet.handle('ages').result()).toMatchObject({ state: 'done', runs: 2 });
    const told = kinds('ages').length;
    await new Promise((resolve) => setTimeout(resolve, 2500));
    expect(kinds('ages')).toHaveLength(told);
  });

  it('that is stopped sends nothing more', async () => {
    await fleet.start('stopped', 'exit 3');
    await vi.waitFor(() => expect(kinds('stopped')).toContain('asked'), PATIENCE);
    await sendUpdate(fleet.handle('stopped'), STOP_UPDATE, { why: 'not wanted' });
    await closed('stopped');
    const told = kinds('stopped').length;
    await new Promise((resolve) => setTimeout(resolve, 2500));
    expect(kinds('stopped')).toHaveLength(told);
  });

  it('that nobody can be told of waits for its answer all the same', async () => {
    isDown = true;
    await fleet.start('unheard', 'exit 3');
    await fleet.question('unheard');
    await answer('unheard', { choice: 'retry' });
    expect(await fleet.handle('unheard').result()).toMatchObject({ state: 'done' });
    isDown = false;
    expect(about('unheard')).toEqual([]);
  });
});

describe('outlive answer --reason', () => {
  const run = (...args: string[]) =>
    outlive(args, { env: { TEMPORAL_ADDRESS: fleet.address, TEMPORAL_NAMESPACE: fleet.namespace, USER: 'ann' } });
  const linesOf = ({ stdout }: { stdout: string }) =>
    stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));

  it('answers all tasks that ask for that reason and no other, each once', async () => {
    await fleet.start('alike-1', 'exit 3');
    await fleet.start('alike-2', 'exit 3');
    await fleet.start('other', `printf '{"outcome":"failed","reason":"refused"}' > $OUTLIVE_RESULT_FILE; exit 1`);
    await Promise.all(['alike-1', 'alike-2', 'other'].map((id) => fleet.question(id)));
    await vi.waitFor(async () => {
      const listed = linesOf(await run('answer', '--reason', 'unclassified', 'close', '--dry-run', '--json'));
      expect(listed.map(({ id }) => id).sort()).toEqual(['alike-1', 'alike-2']);
    }, PATIENCE);
    const ended = await run('answer', '--reason', 'unknown.unclassified', 'close', '--note', 'all of them', '--json');
    expect(ended.code).toBe(0);
    expect(linesOf(ended).map(({ answer }) => answer.by)).toEqual(['ann', 'ann']);
    await Promise.all(['alike-1', 'alike-2'].map(closed));
    expect((await fleet.status('other')).question).toBeDefined();
    expect(await run('answer', '--reason', 'unclassified', 'close')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('No task asks because'),
    });
    await answer('other', { choice: 'close' });
    await closed('other');
  });

  it('says how it is used', async () => {
    expect(await run('answer', '--reason', 'killed', 'fix-login', 'retry')).toMatchObject({ code: 2 });
    expect(await run('answer', '--reason', 'nonsense', 'retry')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('none of the reasons'),
    });
    expect(await run('answer', 'fix-login')).toMatchObject({ code: 2, stderr: expect.stringContaining('Give the task and the choice') });
  });
});
