// Real agents at pinned versions, installed from the registry into a cache outside the checkout when a test first needs them.

import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readFile, rename, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';

export const PACKS = ['claude', 'codex', 'opencode', 'gemini'] as const;
export type Pack = (typeof PACKS)[number];

export interface Installed {
  /** The folder of its programs, to be put first on PATH. */
  readonly bin: string;
  readonly version: string;
}

export async function installed(pack: Pack): Promise<Installed> {
  const pinned = fileURLToPath(new URL(`../../tools/agents/${pack}/`, import.meta.url));
  const lock = await readFile(join(pinned, 'package-lock.json'));
  const { dependencies } = JSON.parse(await readFile(join(pinned, 'package.json'), 'utf8')) as { dependencies: Record<string, string> };
  const hash = createHash('sha256').update(lock).digest('hex').slice(0, 12);
  const folder = join(cacheFolder(), `${pack}-${hash}`);
  if (!existsSync(folder)) await install(pinned, folder);
  return { bin: join(folder, 'node_modules', '.bin'), version: Object.values(dependencies).join() };
}

/** As a whole or not at all: of two that install at once, the later one finds it there. */
async function install(pinned: string, folder: string): Promise<void> {
  await mkdir(cacheFolder(), { recursive: true });
  const beside = await mkdtemp(`${folder}.`);
  try {
    await cp(pinned, beside, { recursive: true });
    // Not `npm ci`: it insists on packages for other systems, which a registry need not have.
    await execa('npm', ['install', '--no-audit', '--no-fund'], { cwd: beside, stdin: 'ignore' });
    await rename(beside, folder).catch((error) => {
      if (!existsSync(folder)) throw error;
    });
  } finally {
    await rm(beside, { recursive: true, force: true });
  }
}

function cacheFolder(): string {
  const given = process.env['XDG_CACHE_HOME'];
  return join(given && isAbsolute(given) ? given : join(homedir(), '.cache'), 'outlive', 'agents');
}
