// The example in examples/own-agent: its stream is read as it says, and its registration is taken.

import { expect, it } from 'vitest';
import { endingOf, rulesFor } from '../../src/agents/index.ts';
import { loadConfig } from '../../src/config.ts';
import { classify } from '../../src/domain/classify.ts';
import { loadAgents } from '../../src/registered-agents.ts';
import { checkTaskSpec } from '../../src/schema/task-spec.ts';

const file = 'examples/own-agent/outlive.yaml';
const agents = async () => loadAgents(await loadConfig({ file, env: {}, cwd: process.cwd() }));
const lines = (...events: object[]): string => events.map((event) => `${JSON.stringify(event)}\n`).join('');

it('a good end is one, and a bad one is read by its own field', async () => {
  const own = await agents();
  const hello = { event: 'hello', session: 's-1', version: '1.0.0' };
  const read = (end: object, exitCode: number) =>
    endingOf({ agent: 'parrot', exitCode, stdoutTail: lines(hello, { event: 'end', ...end }), stderrTail: '' }, own);
  expect(read({ ok: true }, 0)).toMatchObject({ typed: { outcome: 'finished' }, session: 's-1' });
  const bad = read({ ok: false, why: 'slow down', status: 429 }, 1);
  expect(classify(bad, rulesFor('parrot', own))).toMatchObject({ reason: 'rate_limited', retry: true });
});

it('its options are checked where the task is written', async () => {
  const spec = (options: object) => ({ id: 'x', agent: { use: 'parrot', options }, prompt: 'x', outputs: [{ kind: 'file', path: 'x' }] });
  const own = await agents();
  expect(checkTaskSpec(spec({ quiet: true }), { agents: own }).ok).toBe(true);
  expect(checkTaskSpec(spec({ quiet: 'very' }), { agents: own })).toMatchObject({
    ok: false,
    complaints: [{ at: 'agent.options', says: 'quiet: expected true or false' }],
  });
});
