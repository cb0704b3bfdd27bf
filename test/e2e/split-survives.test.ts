// A split task whose worker is killed while its agent plans, and again while a step is worked on: nothing is planned or
// worked twice.

import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { type SmallFleet, startSmallFleet } from './small-fleet.ts';

const HOST = 'split-host';
const PATIENCE = { timeout: 40_000, interval: 50 };

let fleet: SmallFleet;
beforeAll(async () => {
  fleet = await startSmallFleet('split-survives', { lease: '1m' });
});
afterAll(() => fleet?.stop());

it('goes on with the next worker of its host', { timeout: 150_000 }, async () => {
  const at = (name: string) => join(fleet.folder, name);
  /** Says that it is there, once, and waits to be let go. */
  const wait = (name: string) => `echo x >> ${at(`${name}.began`)}; while [ ! -e ${at(`${name}.go`)} ]; do sleep 0.05; done`;
  const steps = ['one', 'two'].map((title) => ({ title, prompt: `Write the file ${title}.` }));
  const shell = [
    `if [ "$OUTLIVE_RUN" = 1 ]; then printf '{"outcome":"failed","reason":"context_window_exceeded"}' > $OUTLIVE_RESULT_FILE; exit 1; fi`,
    `if [ -n "$OUTLIVE_PLAN_FILE" ]; then ${wait('plan')}; printf '%s' '${JSON.stringify({ steps })}' > "$OUTLIVE_PLAN_FILE"; echo planned; exit 0; fi`,
    'title=$(sed -n "s/^Write the file \\(.*\\)\\.$/\\1/p" "$OUTLIVE_PROMPT_FILE" | head -1)',
    wait('"$title"'),
    'echo "$title" > "$title" && git add . && git commit -qm "$title"',
  ].join('\n');
  let host = await fleet.startHost(HOST, HOST);
  await fleet.start('survivor', '', '', {
    agent: { use: 'command', argv: ['sh', '-c', shell] },
    prompt: 'Write two files.',
    split: 'auto',
    pool: HOST,
  });
  for (const name of ['plan', 'one', 'two']) {
    await vi.waitFor(() => expect(existsSync(at(`${name}.began`))).toBe(true), PATIENCE);
    await host.end('SIGKILL');
    host = await fleet.startHost(HOST, HOST);
    writeFileSync(at(`${name}.go`), '');
  }
  expect(await fleet.handle('survivor').result()).toMatchObject({
    state: 'done',
    runs: 4,
    reasons: { 'context.context_window_exceeded': 1 },
  });
  for (const name of ['plan', 'one', 'two']) expect(readFileSync(at(`${name}.began`), 'utf8')).toBe('x\n');
  const { plan, runs } = await fleet.status('survivor');
  expect(plan?.steps).toMatchObject([
    { title: 'one', state: 'done', runs: [3] },
    { title: 'two', state: 'done', runs: [4] },
  ]);
  expect(runs.slice(1).every(({ reattached = 0 }) => reattached > 0)).toBe(true);
  expect(fleet.commits('survivor')).toHaveLength(2);
});
