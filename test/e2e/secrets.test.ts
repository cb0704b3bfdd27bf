// Secrets that an agent prints, in twenty forms and in every place where it can: none of them leaves its host. Looked for
// are the secrets themselves, in everything that the server has of the task and in everything that the commands show.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, it, vi } from 'vitest';
import { outlive } from '../cli/outside.ts';
import { type SmallFleet, startSmallFleet } from './small-fleet.ts';

// Joined here, so that a scanner of this source does not take them for real ones.
const KNOWN = ['Kn0wn-Pa55phrase', '-of-the-host', '/with+odd=chars'].join('');
const BODY = 'Zq3vT8kLw0XyBr5Nn2uHsEo9Jc7QmRfW4dGa';
const [pem, jwtHead] = ['MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7', 'eyJhbGciOiJIUzI1NiJ9'];

/** What is printed, and the part of it that nobody may ever see. */
const FORMS: Readonly<Record<string, readonly [printed: string, secret: string]>> = {
  'the value of a credential of the host': [KNOWN, KNOWN],
  'that in base64': [Buffer.from(KNOWN).toString('base64'), Buffer.from(KNOWN).toString('base64').slice(2, 40)],
  'that in an URL': [encodeURIComponent(KNOWN), encodeURIComponent(KNOWN)],
  'that inside basic authorization': [
    `Authorization: Basic ${Buffer.from(`shop:${KNOWN}`).toString('base64')}`,
    Buffer.from(`shop:${KNOWN}`).toString('base64').slice(8, 40),
  ],
  anthropic: [`sk-ant-api03-${BODY}`, BODY],
  openai: [`sk-proj-${BODY}1`, `${BODY}1`],
  github: [`ghp_${BODY}`, `${BODY}`],
  'github, fine-grained': [`github_pat_11ABCDEFG0${BODY}_${BODY}`, `11ABCDEFG0${BODY}`],
  gitlab: [`glpat-${BODY.slice(0, 20)}`, `glpat-${BODY.slice(0, 20)}`],
  slack: [`xoxb-123456789012-123456789012-${BODY.slice(0, 24)}`, `123456789012-${BODY.slice(0, 24)}`],
  aws: [`AKIA${'Z3KQ7PLM2VXN4TRB'}`, 'Z3KQ7PLM2VXN4TRB'],
  google: [`AIza${BODY.slice(0, 35)}`, `AIza${BODY.slice(0, 35)}`],
  'hugging face': [`hf_${BODY.slice(0, 34)}`, `hf_${BODY.slice(0, 34)}`],
  npm: [`npm_${BODY}`, `npm_${BODY}`],
  stripe: [`sk_live_${BODY.slice(0, 24)}`, `sk_live_${BODY.slice(0, 24)}`],
  jwt: [`${jwtHead}.eyJzdWIiOiIxMjM0NTY3ODkwIn0.${BODY}xyz`, `.${BODY}xyz`],
  'a bearer': [`Authorization: Bearer tok.${BODY}`, `tok.${BODY}`],
  'a password in an address': ['postgres://shop:p4ssw0rd-in-url@db.example.org/shop', 'p4ssw0rd-in-url'],
  'a private key': [`-----BEGIN PRIVATE KEY-----\n${pem}\n-----END PRIVATE KEY-----`, pem],
  'an assignment': ['{"api_key": "q8Lw3Xz7Vb1Nm5Kp"}', 'q8Lw3Xz7Vb1Nm5Kp'],
  'a webhook': [`https://hooks.slack.com/services/T00000000/B00000000/${BODY.slice(0, 24)}`, `B00000000/${BODY.slice(0, 24)}`],
};
const SECRETS = Object.entries(FORMS).map(([form, [, secret]]) => ({ form, secret }));

let fleet: SmallFleet;
let elsewhere: NodeJS.ProcessEnv;
beforeAll(async () => {
  process.env['SHOP_API_KEY'] = KNOWN;
  fleet = await startSmallFleet('secrets', { lease: '1m' });
  writeFileSync(
    join(fleet.folder, 'leak'),
    Object.values(FORMS)
      .map(([printed]) => `${printed}\n`)
      .join(''),
  );
  elsewhere = {
    TEMPORAL_ADDRESS: inject('temporalAddress'),
    TEMPORAL_NAMESPACE: fleet.client.options.namespace,
    TEMPORAL_CONFIG_FILE: join(fleet.folder, 'none.toml'),
    XDG_STATE_HOME: join(fleet.folder, 'elsewhere'),
  };
});
afterAll(() => {
  delete process.env['SHOP_API_KEY'];
  return fleet?.stop();
});

const seenIn = (text: string): string[] => SECRETS.filter(({ secret }) => text.includes(secret)).map(({ form }) => form);

/** Everything that the server keeps of a workflow, payloads decoded. */
async function onTheServer(id: string): Promise<string> {
  const history = await fleet.events(id);
  const described = await fleet.handle(id).describe();
  return deepText([history, described.raw]);
}

function deepText(value: unknown): string {
  if (value instanceof Uint8Array) return Buffer.from(value).toString('utf8');
  if (Array.isArray(value)) return value.map(deepText).join('\n');
  if (typeof value === 'object' && value !== null) return Object.values(value).map(deepText).join('\n');
  return String(value);
}

async function shown(...args: string[]): Promise<string> {
  const { stdout, stderr } = await outlive(args, { env: elsewhere });
  return stdout + stderr;
}

/** Shell that prints all of them, and says one at the end of each stream. */
const leak = (): string => `cat ${join(fleet.folder, 'leak')}; cat ${join(fleet.folder, 'leak')} >&2`;

/** How an agent may give them away, beside what it prints. */
const WAYS: Readonly<Record<string, (id: string) => [first: string, more?: object]>> = {
  'fails with them as its last words': () => [`${leak()}; exit 3`],
  'fails with all of them on one line': () => [`tr '\\n' ' ' < ${join(fleet.folder, 'leak')} >&2; exit 3`],
  'says each of them in its typed reason and note': () => [
    `${leak()}; node -e 'const fs = require("fs"); const note = fs.readFileSync(process.argv[1], "utf8"); fs.writeFileSync(process.env.OUTLIVE_RESULT_FILE, JSON.stringify({outcome: "failed", reason: note.slice(0, 180), note}))' ${join(fleet.folder, 'leak')}; exit 1`,
  ],
  'writes a result that cannot be read': () => [`cp ${join(fleet.folder, 'leak')} $OUTLIVE_RESULT_FILE; exit 1`],
  'does its work, and a check prints them': () => [
    'echo work > work && git add . && git commit -qm work',
    { checks: [{ argv: ['sh', '-c', `${leak()}; exit 1`] }] },
  ],
  'does its work, and a probe prints them': () => [
    'echo work > work && git add . && git commit -qm work',
    { outputs: [{ kind: 'commit' }, { kind: 'command', argv: ['sh', '-c', `${leak()}; exit 1`] }] },
  ],
};

describe('an agent that', () => {
  it.each(Object.keys(WAYS))('%s: none of them leaves the host', async (way) => {
    const id = `leaks-${Object.keys(WAYS).indexOf(way)}`;
    const [first, more = {}] = WAYS[way]?.(id) ?? [''];
    await fleet.start(id, first, first, more);
    // One that nobody can look at is held before anybody is asked.
    await vi.waitFor(async () => expect(['asking', 'held']).toContain((await fleet.status(id)).state), { timeout: 20_000, interval: 50 });
    const status = await fleet.status(id);
    const details = await fleet.handle(id).query('__temporal_workflow_metadata');
    const kept = await onTheServer(id);
    expect(seenIn(kept)).toEqual([]);
    expect(kept).toContain('Do the work.');
    expect(seenIn(deepText([status, details]))).toEqual([]);
    expect(seenIn(await shown('show', id))).toEqual([]);
    expect(seenIn(await shown('list'))).toEqual([]);
    // It was there to be seen.
    expect(deepText(status)).toContain(way.includes('probe') ? 'exit' : '[redacted]');
    await fleet.handle(id).terminate();
  });

  it('prints them while it runs: neither a heartbeat nor the log read elsewhere has them', async () => {
    const id = 'leaks-on';
    await fleet.start(id, `${leak()}; touch ${join(fleet.folder, 'printed')}; exec sleep 120`);
    await vi.waitFor(async () => expect(await shown('logs', id)).toContain('[redacted]'), { timeout: 20_000, interval: 200 });
    const log = await shown('logs', id);
    expect(log.split('[redacted]').length).toBeGreaterThan(2 * 15);
    expect(seenIn(log)).toEqual([]);
    expect(seenIn(await onTheServer(id))).toEqual([]);
    for await (const read of fleet.client.workflow.list({ query: "WorkflowType = 'readLog'" })) {
      const { events } = await fleet.client.workflow.getHandle(read.workflowId, read.runId).fetchHistory();
      expect(seenIn(deepText(events))).toEqual([]);
    }
    await fleet.handle(id).terminate();
  });
});
