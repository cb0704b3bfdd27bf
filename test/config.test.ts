import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ConfigError, loadConfig } from '../src/config.ts';
import { DEFAULT_THRESHOLDS } from '../src/schema/thresholds-schema.ts';

const DEFAULTS = {
  timing: {
    heartbeatMs: 60_000,
    leaseMs: 300_000,
    finishPatienceMs: 1_800_000,
    backoffMs: 30_000,
    declineMs: 5_000,
    holdMs: 60_000,
    secondLookMs: 60_000,
  },
  identity: { name: 'Outlive', email: 'outlive@localhost' },
  forge: { host: 'github.com', tokenFrom: ['GITHUB_TOKEN', 'GH_TOKEN'] },
  credentials: {},
  notify: [],
  owners: { remindMs: 4 * 3_600_000, escalateMs: 12 * 3_600_000 },
  thresholds: DEFAULT_THRESHOLDS,
  host: { wrap: [], outputBytes: 1024 ** 3 },
  retention: { doneMs: 7 * 86_400_000, otherMs: 30 * 86_400_000, diskBytes: 50 * 1024 ** 3, freeBytes: 2 * 1024 ** 3 },
};

let folder: string;
let cwd: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'outlive-config-'));
  cwd = join(folder, 'work');
  await mkdir(cwd);
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** Writes a configuration whose heartbeat tells which one was read. */
async function put(path: string, seconds: number): Promise<string> {
  const file = join(folder, path);
  await mkdir(join(file, '..'), { recursive: true });
  await writeFile(file, `timing: {heartbeat: ${seconds}s}\n`);
  return file;
}
const refusal = async (places: Parameters<typeof loadConfig>[0]): Promise<ConfigError> => {
  const error = await loadConfig(places).catch((thrown: unknown) => thrown);
  if (!(error instanceof ConfigError)) throw new Error(`expected a ConfigError, got ${String(error)}`);
  return error;
};

describe('where the configuration comes from', () => {
  it('is nowhere without a file: the defaults hold', async () => {
    expect(await loadConfig({ env: {}, cwd })).toEqual(DEFAULTS);
    expect(await loadConfig({ env: { HOME: folder, XDG_CONFIG_HOME: join(folder, 'none'), OUTLIVE_CONFIG: '' }, cwd })).toEqual(DEFAULTS);
  });

  it('is the first that is there', async () => {
    const xdg = await put('xdg/outlive/outlive.yaml', 5);
    const env = { XDG_CONFIG_HOME: join(folder, 'xdg'), HOME: folder };
    expect(await loadConfig({ env, cwd })).toMatchObject({ source: xdg, timing: { heartbeatMs: 5000 } });
    const here = await put('work/outlive.yaml', 4);
    expect(await loadConfig({ env, cwd })).toMatchObject({ source: here, timing: { heartbeatMs: 4000 } });
    const named = await put('named.yaml', 3);
    expect(await loadConfig({ env: { ...env, OUTLIVE_CONFIG: '../named.yaml' }, cwd })).toMatchObject({ source: named });
    const flag = await put('work/flag.yaml', 2);
    expect(await loadConfig({ file: 'flag.yaml', env: { ...env, OUTLIVE_CONFIG: named }, cwd })).toMatchObject({ source: flag });
  });

  it('is ~/.config where XDG_CONFIG_HOME is not set, or is not absolute', async () => {
    const source = await put('.config/outlive/outlive.yaml', 7);
    expect(await loadConfig({ env: { HOME: folder }, cwd })).toMatchObject({ source });
    expect(await loadConfig({ env: { HOME: folder, XDG_CONFIG_HOME: 'xdg' }, cwd })).toMatchObject({ source });
  });

  it('must be there where it was named', async () => {
    const missing = join(cwd, 'none.yaml');
    const advice = 'and is not there; name another one, or leave it out for the defaults';
    expect((await refusal({ file: 'none.yaml', env: {}, cwd })).lines).toEqual([`${missing}: this file is named by --config ${advice}`]);
    expect((await refusal({ env: { OUTLIVE_CONFIG: missing }, cwd })).lines).toEqual([
      `${missing}: this file is named by OUTLIVE_CONFIG ${advice}`,
    ]);
  });

  it('must be readable', async () => {
    await mkdir(join(cwd, 'outlive.yaml'));
    const { lines } = await refusal({ env: {}, cwd });
    expect(lines).toEqual([`${join(cwd, 'outlive.yaml')}: cannot be read (EISDIR); expected a YAML file that this user may read`]);
  });
});

describe('what the configuration says', () => {
  const load = async (text: string) => {
    await writeFile(join(cwd, 'outlive.yaml'), text);
    return loadConfig({ env: {}, cwd });
  };
  const linesFor = async (text: string): Promise<readonly string[]> => {
    await writeFile(join(cwd, 'outlive.yaml'), text);
    const { lines, message, code } = await refusal({ env: {}, cwd });
    expect({ message, code }).toEqual({ message: lines.join('\n'), code: 'bad_config' });
    return lines.map((line) => line.replace(`${cwd}/`, ''));
  };

  it('replaces the defaults key by key', async () => {
    const text =
      'timing: {heartbeat: 2s, lease: 10s, finishPatience: 1h, backoff: 50ms, decline: 1s, hold: 2m, secondLook: 2s}\nforge: {identity: {name: Robot}}\n';
    expect(await load(text)).toEqual({
      ...DEFAULTS,
      source: join(cwd, 'outlive.yaml'),
      timing: {
        heartbeatMs: 2000,
        leaseMs: 10_000,
        finishPatienceMs: 3_600_000,
        backoffMs: 50,
        declineMs: 1000,
        holdMs: 120_000,
        secondLookMs: 2000,
      },
      identity: { name: 'Robot', email: 'outlive@localhost' },
    });
  });

  it('says what agents are started inside, and how much they may write', async () => {
    const { host } = await load('host: {wrap: [bwrap, --bind, "{workspace}", /work, --], maxOutput: 512MiB}\n');
    expect(host).toEqual({ wrap: ['bwrap', '--bind', '{workspace}', '/work', '--'], outputBytes: 512 * 1024 ** 2 });
    expect((await load('host: {maxOutput: 1MiB}\n')).host).toEqual({ wrap: [], outputBytes: 1024 ** 2 });
  });

  it('says where the forge is, and which variable holds its token', async () => {
    expect(
      (await load('forge: {kind: github, host: git.example.org, api: "https://git.example.org/api/v3/", token: {env: FORGE}}\n')).forge,
    ).toEqual({
      host: 'git.example.org',
      api: 'https://git.example.org/api/v3',
      tokenFrom: ['FORGE'],
    });
  });

  it('says which credentials there are, where their values are, and how they are checked', async () => {
    const text = `credentials:
  anthropic: {env: ANTHROPIC_API_KEY, check: anthropic, baseUrl: "https://gateway.example.org/"}
  board: {env: BOARD_KEY, check: {http: {url: "https://board.example.org/me", header: x-key, prefix: ""}}}
  pager: {env: PAGER_KEY, check: {command: [./check.sh]}}
  team: {login: claude}
hashKey: {env: OUTLIVE_HASH_KEY}
`;
    expect(await load(text)).toMatchObject({
      credentials: {
        anthropic: { kind: 'env', env: 'ANTHROPIC_API_KEY', check: { kind: 'anthropic', baseUrl: 'https://gateway.example.org' } },
        board: {
          kind: 'env',
          check: { kind: 'http', url: 'https://board.example.org/me', header: 'x-key', prefix: '', valid: [200], invalid: [401, 403] },
        },
        pager: { kind: 'env', check: { kind: 'command', argv: ['./check.sh'] } },
        team: { kind: 'login', login: 'claude' },
      },
      hashKeyFrom: 'OUTLIVE_HASH_KEY',
    });
  });

  it('never shows what stands where a credential should be: it may be the value', async () => {
    for (const one of [
      'sk-ant-s3cret',
      '{env: sk-ant-s3cret}',
      '{value: sk-ant-s3cret}',
      '{env: X, check: anthropic, baseUrl: "https://me:sk-ant-s3cret@x"}',
    ]) {
      const lines = await linesFor(`credentials: {anthropic: ${one}}\n`);
      expect(lines.join()).toMatch(/^outlive\.yaml:1:\d+ credentials\.anthropic.*expected/);
      expect(lines.join()).not.toContain('s3cret');
    }
  });

  it('says where questions go out, and who is asked in the end', async () => {
    const text =
      'notify:\n  - {webhook: "https://example.org/h", headers: {authorization: {env: HOOK}}}\n  - {slack: {env: SLACK}}\n  - {command: [./page.sh]}\nowners: {fallback: on-call, remind: 1h, escalate: 2h}\n';
    expect(await load(text)).toMatchObject({
      notify: [
        { kind: 'webhook', url: 'https://example.org/h', headers: { authorization: { env: 'HOOK' } } },
        { kind: 'slack', url: { env: 'SLACK' } },
        { kind: 'command', argv: ['./page.sh'] },
      ],
      owners: { fallback: 'on-call', remindMs: 3_600_000, escalateMs: 7_200_000 },
    });
  });

  it('never shows an address that it refuses: it may be a secret', async () => {
    for (const channel of ['{slack: "hooks.example.org/s3cret"}', '{webhook: "ftp://s3cret"}', '{mail: "s3cret"}', '"s3cret"']) {
      const lines = await linesFor(`notify: [${channel}]\n`);
      expect(lines.join()).toMatch(/^outlive\.yaml:1:\d+ notify\[0\].*expected/);
      expect(lines.join()).not.toContain('s3cret');
    }
  });

  it('says how long is kept what runs left', async () => {
    const { retention } = await load('retention: {done: 1m, other: 3650d, disk: 1MiB, free: 0KiB}\n');
    expect(retention).toEqual({ doneMs: 60_000, otherMs: 3650 * 86_400_000, diskBytes: 1024 ** 2, freeBytes: 0 });
    expect((await load('retention: {free: 20GiB}\n')).retention).toEqual({ ...DEFAULTS.retention, freeBytes: 20 * 1024 ** 3 });
  });

  const program = 'expected a program and its arguments, such as [bwrap, --dev-bind, /, /, --]';
  const bytes = 'expected a size such as 512MiB or 20GiB';
  const kept = 'expected a duration such as 500ms, 30s, 10m, 8h or 5d, from 1m to 3650d';
  it.each<[string, readonly string[]]>([
    ['host: {wrap: bwrap}', [`1:14 host.wrap: found "bwrap"; ${program}`]],
    ['host: {wrap: []}', [`1:14 host.wrap: found an empty list; ${program}`]],
    ['host: {maxOutput: 1023KiB}', [`1:19 host.maxOutput: found "1023KiB"; ${bytes}, at least 1MiB`]],
    ['host: {maxOutput: 1000000}', [`1:19 host.maxOutput: found 1000000; ${bytes}, at least 1MiB`]],
    ['host: {maxoutput: 1GiB}', ['1:8 host.maxoutput: unknown key; expected one of wrap, maxOutput (did you mean maxOutput?)']],
    ['retention: {done: 59s}', [`1:19 retention.done: found "59s"; ${kept}`]],
    ['retention: {other: for ever}', [`1:20 retention.other: found "for ever"; ${kept}`]],
    ['retention: {disk: 50GB}', [`1:19 retention.disk: found "50GB"; ${bytes}, at least 1MiB`]],
    ['retention: {free: none}', [`1:19 retention.free: found "none"; ${bytes}, or 0KiB for none`]],
    ['metrics: {prometheus: here}', ['1:23 metrics.prometheus: found "here"; expected an address to listen on, such as 127.0.0.1:9464']],
    ['forge: {kind: gitlab}', ['1:15 forge.kind: found "gitlab"; expected github: no other kind of forge is known']],
    [
      'forge: {api: "https://me:s3cret@git.example.org"}',
      ['1:14 forge.api: found text; expected an address of http or https without credentials, such as https://github.example.com/api/v3'],
    ],
    ['retention: [7d]', ['1:12 retention: found a list; expected a mapping such as {done: 7d, other: 30d, disk: 50GiB, free: 2GiB}']],
  ])('is refused with its place and the form: %s', async (text, lines) => {
    expect(await linesFor(`${text}\n`)).toEqual(lines.map((line) => `outlive.yaml:${line}`));
  });

  it('names modules relative to itself, and gives absolute paths', async () => {
    expect(await load('dataConverter: ../codec.mjs\n')).toMatchObject({ dataConverter: join(folder, 'codec.mjs') });
    expect(await load('dataConverter: /etc/outlive/codec.mjs\n')).toMatchObject({ dataConverter: '/etc/outlive/codec.mjs' });
    const form = 'expected the path of a JavaScript module, such as ./codec.mjs';
    expect(await linesFor('dataConverter: codec.ts\n')).toEqual([`outlive.yaml:1:16 dataConverter: found "codec.ts"; ${form}`]);
    expect(await linesFor('dataConverter: {payloadCodecs: []}\n')).toEqual([`outlive.yaml:1:16 dataConverter: found a mapping; ${form}`]);
  });

  it('may be nothing', async () => {
    expect(await load('# nothing yet\n')).toEqual({ source: join(cwd, 'outlive.yaml'), ...DEFAULTS });
  });

  it('is told every mistake at once, each with its place', async () => {
    const text =
      'timing:\n  heartbeat: 11m\n  leese: 1h\nforge:\n  token: s3cret\n  identity: {name: "a<b", email: nobody}\nretention: 7d\nserver: x\nserver: y\n';
    const span = 'expected a duration such as 500ms, 30s, 10m, 8h or 5d';
    expect(await linesFor(text)).toEqual([
      `outlive.yaml:2:14 timing.heartbeat: found "11m"; ${span}, from 1s to 10m`,
      'outlive.yaml:3:3 timing.leese: unknown key; expected one of heartbeat, lease, finishPatience, backoff, decline, hold, secondLook (did you mean lease?)',
      'outlive.yaml:5:10 forge.token: found text; expected {env: GITHUB_TOKEN}: the name of the variable that holds it',
      'outlive.yaml:6:20 forge.identity.name: found "a<b"; expected a name on one line, without < and >',
      'outlive.yaml:6:34 forge.identity.email: found "nobody"; expected an address such as outlive@example.org',
      'outlive.yaml:7:12 retention: found "7d"; expected a mapping such as {done: 7d, other: 30d, disk: 50GiB, free: 2GiB}',
      'outlive.yaml:9:1 server: stands here twice; expected each key once',
    ]);
  });

  it('may not let a lease run out between two heartbeats', async () => {
    expect(await linesFor('timing: {lease: 30s}\n')).toEqual([
      'outlive.yaml:1:17 timing.lease: 30 s is shorter than timing.heartbeat (60 s); expected at least that',
    ]);
  });

  it('says when what many tasks share is held to be ill, number by number', async () => {
    const text = 'thresholds: {host: {tasks: 2, coolDown: 2h}, provider: {window: 1m, hosts: 3, wave: 5s}, look: 1s, recheck: 5s}\n';
    const { rules } = DEFAULT_THRESHOLDS;
    expect((await load(text)).thresholds).toEqual({
      rules: {
        // The longest is no shorter than the first.
        host: { ...rules.host, tasks: 2, coolDownMs: 7_200_000, maxCoolDownMs: 7_200_000 },
        provider: { ...rules.provider, windowMs: 60_000, hosts: 3, waveMs: 5000 },
        credential: rules.credential,
      },
      lookMs: 1000,
      recheckMs: 5000,
    });
    expect(await linesFor('thresholds: {host: {window: 1m}, provider: {tasks: 0}}\n')).toEqual([
      'outlive.yaml:1:21 thresholds.host.window: unknown key; expected one of tasks, coolDown, maxCoolDown, canary, wave',
      'outlive.yaml:1:52 thresholds.provider.tasks: found 0; expected a whole number from 1 to 1000',
    ]);
  });

  it('must be YAML', async () => {
    expect(await linesFor('timing:\n\theartbeat: 1s\n')).toEqual([
      'outlive.yaml:2:1 a tab; expected spaces: YAML is indented with spaces only',
    ]);
    expect(await linesFor('- timing')).toEqual([
      expect.stringContaining('outlive.yaml:1:1 found a list; expected a mapping with any of timing,'),
    ]);
  });
});
