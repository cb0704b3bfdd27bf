import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ConfigError, loadConfig } from '../src/config.ts';

const DEFAULTS = {
  timing: { heartbeatMs: 60_000, leaseMs: 300_000, finishPatienceMs: 1_800_000, backoffMs: 30_000, declineMs: 5_000 },
  identity: { name: 'Outlive', email: 'outlive@localhost' },
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
    const text = 'timing: {heartbeat: 2s, lease: 10s, finishPatience: 1h, backoff: 50ms, decline: 1s}\nforge: {identity: {name: Robot}}\n';
    expect(await load(text)).toEqual({
      source: join(cwd, 'outlive.yaml'),
      timing: { heartbeatMs: 2000, leaseMs: 10_000, finishPatienceMs: 3_600_000, backoffMs: 50, declineMs: 1000 },
      identity: { name: 'Robot', email: 'outlive@localhost' },
    });
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
      'outlive.yaml:3:3 timing.leese: unknown key; expected one of heartbeat, lease, finishPatience, backoff, decline (did you mean lease?)',
      'outlive.yaml:5:3 forge.token: not supported by this version of Outlive',
      'outlive.yaml:6:20 forge.identity.name: found "a<b"; expected a name on one line, without < and >',
      'outlive.yaml:6:34 forge.identity.email: found "nobody"; expected an address such as outlive@example.org',
      'outlive.yaml:7:1 retention: not supported by this version of Outlive',
      'outlive.yaml:9:1 server: stands here twice; expected each key once',
    ]);
  });

  it('may not let a lease run out between two heartbeats', async () => {
    expect(await linesFor('timing: {lease: 30s}\nowners: {}\n')).toEqual([
      'outlive.yaml:1:17 timing.lease: 30 s is shorter than timing.heartbeat (60 s); expected at least that',
      'outlive.yaml:2:1 owners: not supported by this version of Outlive',
    ]);
  });

  it('must be YAML', async () => {
    expect(await linesFor('timing:\n\theartbeat: 1s\n')).toEqual([
      'outlive.yaml:2:1 a tab; expected spaces: YAML is indented with spaces only',
    ]);
    expect(await linesFor('- timing')).toEqual(['outlive.yaml:1:1 found a list; expected a mapping with any of timing, forge']);
  });
});
