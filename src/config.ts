// Where the configuration comes from. It is optional: without a file, the defaults hold.

import { readFile } from 'node:fs/promises';
import { dirname, isAbsolute, join, resolve } from 'node:path';
import { sayComplaint } from './schema/complaints.ts';
import { DEFAULT_SETTINGS, readSettings, type Settings } from './schema/config.ts';

/** `source` is the file that was read; missing where there was none. Paths are absolute. */
export interface Config extends Settings {
  readonly source?: string;
}

/** The configuration cannot be used. Each of `lines` is one mistake, with its file, line and column. */
export class ConfigError extends Error {
  readonly code = 'bad_config';
  override readonly name = 'ConfigError';
  readonly lines: readonly string[];
  constructor(lines: readonly string[]) {
    super(lines.join('\n'));
    this.lines = lines;
  }
}

interface Places {
  /** What `--config` names. */
  readonly file?: string | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
}

/**
 * The first that is there of `--config`, `OUTLIVE_CONFIG`, `./outlive.yaml` and `$XDG_CONFIG_HOME/outlive/outlive.yaml`.
 * Throws ConfigError where it is wrong or cannot be read, and where a file that was named is not there.
 */
export async function loadConfig({ file, env, cwd }: Places): Promise<Config> {
  const named = file ?? (env['OUTLIVE_CONFIG'] || undefined);
  if (named !== undefined) {
    const by = file === undefined ? 'OUTLIVE_CONFIG' : '--config';
    const source = resolve(cwd, named);
    const text = await readIfThere(source);
    if (text === undefined)
      throw new ConfigError([
        `${source}: this file is named by ${by} and is not there; name another one, or leave it out for the defaults`,
      ]);
    return configFrom(text, source);
  }
  for (const source of usualPlaces(env, cwd)) {
    const text = await readIfThere(source);
    if (text !== undefined) return configFrom(text, source);
  }
  return DEFAULT_SETTINGS;
}

function usualPlaces(env: Places['env'], cwd: string): string[] {
  const places = [resolve(cwd, 'outlive.yaml')];
  const xdg = env['XDG_CONFIG_HOME'];
  const home = env['HOME'];
  // The XDG specification has relative paths ignored, and names the default.
  if (xdg && isAbsolute(xdg)) places.push(join(xdg, 'outlive', 'outlive.yaml'));
  else if (home) places.push(join(home, '.config', 'outlive', 'outlive.yaml'));
  return places;
}

function configFrom(text: string, source: string): Config {
  const read = readSettings(text, source);
  if (!read.ok) throw new ConfigError(read.complaints.map((complaint) => sayComplaint(complaint)));
  const { agents, outputs, dataConverter, ...settings } = read.settings;
  const beside = (file: string) => resolve(dirname(source), file);
  return {
    source,
    ...settings,
    ...(agents !== undefined && { agents: beside(agents) }),
    ...(outputs !== undefined && { outputs: beside(outputs) }),
    ...(dataConverter !== undefined && { dataConverter: beside(dataConverter) }),
  };
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw new ConfigError([`${path}: cannot be read (${code ?? message}); expected a YAML file that this user may read`]);
  }
}
