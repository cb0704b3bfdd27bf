// A key that is refused: checked before anything else is tried, on the host that holds it. The provider is a server of ours.

import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { ANSWER } from '../../src/domain/names.ts';
import { outlive } from '../cli/outside.ts';
import { type SmallFleet, startSmallFleet, WORK } from './small-fleet.ts';

const SECRET = 'team-secret-value-0123456789';
let status = 401;
let askedAt = 0;
const provider = createServer((request, response) => {
  if (request.headers.authorization !== `Bearer ${SECRET}`) throw new Error('it was asked with another key');
  askedAt = performance.now();
  response.writeHead(status).end();
});
let fleet: SmallFleet;
beforeAll(async () => {
  await new Promise<void>((resolve) => provider.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(provider.address() as AddressInfo).port}/me`;
  process.env['OUTLIVE_TEST_TEAM'] = SECRET;
  const credentials = `credentials: {team: {env: OUTLIVE_TEST_TEAM, check: {http: {url: '${url}'}}}, absent: {env: OUTLIVE_TEST_ABSENT}}
thresholds: {look: 200ms, recheck: 400ms}
`;
  fleet = await startSmallFleet('credentials', { config: credentials });
});
afterAll(async () => {
  delete process.env['OUTLIVE_TEST_TEAM'];
  await fleet?.stop();
  await new Promise((resolve) => provider.close(resolve));
});

const REFUSED = `printf '{"outcome":"failed","reason":"credential_rejected"}' > $OUTLIVE_RESULT_FILE; exit 1`;
const answer = (id: string, sent: object) => fleet.handle(id).executeUpdate(ANSWER, { args: [sent] });

describe('a key that is refused', () => {
  it('and is not valid is an incident, no question, and the task goes on by itself once it is', async () => {
    status = 401;
    await fleet.start('revoked', `test -n "$OUTLIVE_TEST_TEAM" || exit 9; ${REFUSED}`, WORK, { credentials: ['team'] });
    const hold = await vi.waitFor(async () => (await fleet.status('revoked')).hold ?? Promise.reject(new Error('no hold yet')), {
      timeout: 15_000,
      interval: 50,
    });
    const [run] = (await fleet.status('revoked')).runs;
    expect(run?.credentials).toEqual([{ name: 'team', id: expect.stringMatching(/^[0-9a-f]{12}$/) }]);
    expect(hold).toMatchObject({ for: 'incident', incident: `credential/team@${run?.credentials?.[0]?.id}`, owner: expect.any(String) });
    expect(run?.decision?.evidence).toContainEqual({
      where: 'credential',
      value: expect.stringMatching(/^invalid: GET http.*\/me answers 401$/),
    });
    expect(hold.because).toContain('says that it is not valid');
    status = 200;
    expect(await fleet.handle('revoked').result()).toMatchObject({ state: 'done', runs: 2 });
    const payloads = JSON.stringify(await fleet.events('revoked'), (_, value) =>
      value instanceof Uint8Array ? Buffer.from(value).toString() : value,
    );
    expect(payloads).toContain('credential_rejected');
    expect(payloads).not.toContain(SECRET);
    expect(JSON.stringify(await fleet.status('revoked'))).not.toContain(SECRET);
  });

  it('and could not be checked is tried twice more, and then a person is asked', { timeout: 90_000 }, async () => {
    status = 503;
    const fails = `echo $OUTLIVE_RUN > $OUTLIVE_RUN && git add . && git commit -qm work; ${REFUSED}`;
    // What the check before it said is known for half a minute.
    await vi.waitFor(() => expect(performance.now() - askedAt).toBeGreaterThan(30_000), { timeout: 40_000, interval: 200 });
    await fleet.start('untold', fails, fails, { credentials: ['team'] });
    const { text } = await fleet.question('untold');
    expect(text).toContain('could not tell whether it is valid');
    expect((await fleet.status('untold')).runs.map(({ decision }) => decision?.kind)).toEqual(['retry', 'retry', 'ask']);
    await answer('untold', { choice: 'close' });
    await expect(fleet.handle('untold').result()).rejects.toThrow();
  });
});

describe('a key that this host lacks', () => {
  it('ends the run before its agent, and a person is told what to set', async () => {
    await fleet.start('lacking', WORK, WORK, { credentials: ['absent'] });
    const { text } = await fleet.question('lacking');
    expect(text).toContain('host.tool_missing');
    const [run] = (await fleet.status('lacking')).runs;
    expect(JSON.stringify(run?.failure?.evidence)).toContain('set OUTLIVE_TEST_ABSENT');
    await answer('lacking', { choice: 'close' });
    await expect(fleet.handle('lacking').result()).rejects.toThrow();
  });
});

describe('the agent', () => {
  it('gets the keys that its task names and no other, and checks get none', async () => {
    process.env['OUTLIVE_TEST_OTHER'] = 'other-secret-0123456789';
    await fleet.start('named', `test -z "$OUTLIVE_TEST_OTHER" && test -n "$OUTLIVE_TEST_TEAM" && ${WORK}`, 'exit 9', {
      credentials: ['team'],
      checks: [{ argv: ['sh', '-c', 'test -z "$OUTLIVE_TEST_TEAM"'] }],
    });
    expect(await fleet.handle('named').result()).toMatchObject({ state: 'done', runs: 1 });
    delete process.env['OUTLIVE_TEST_OTHER'];
  });
});

describe('outlive check', () => {
  it('says of each credential whether it is valid, and never its value', async () => {
    const run = (...args: string[]) =>
      outlive(['check', ...args], { env: { OUTLIVE_CONFIG: `${fleet.folder}/outlive.yaml`, OUTLIVE_TEST_TEAM: SECRET } });
    status = 200;
    const { code, stdout } = await run('--json');
    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject([
      { credential: expect.stringMatching(/^team@/), state: 'valid' },
      { credential: 'absent', state: 'missing' },
    ]);
    expect(stdout).not.toContain(SECRET);
    expect(await run('team')).toMatchObject({ code: 0, stdout: expect.stringContaining('valid') });
    status = 503;
    expect(await run('team')).toMatchObject({ code: 1, stdout: expect.stringContaining('could not tell') });
    expect(await run('nobody')).toMatchObject({ code: 1, stderr: expect.stringContaining('not known here') });
  });
});
