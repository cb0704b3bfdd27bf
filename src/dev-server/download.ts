// The Temporal CLI as the SDK itself downloads it for tests.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { killGroup } from './kill-group.ts';
import { nodeArguments } from './node-entry.ts';
import type { Making, Sought } from './sought.ts';

/** How long the download may stand still. Its whole length is not bounded: a slow line still gets there. */
const STALL_MS = 60_000;
const LOOK_MS = 500;
const SAY_MS = 10_000;

/** A usable file inside `folder`, or why there is none. */
export async function downloadServer({ folder, pin, env, progress, stallMs = STALL_MS }: Making & { stallMs?: number }): Promise<Sought> {
  const into = join(folder, 'download');
  await mkdir(into, { recursive: true });
  progress(`downloading the Temporal CLI ${pin.version} through the SDK`);
  let why = '';
  // The pinned version first; where it is not to be had, the one that the SDK takes for its best.
  for (const version of [`v${pin.version}`, 'default']) {
    const fetched = await fetchVersion(into, version, env, progress, stallMs);
    const file = await completeFile(into);
    if (file) return { path: file };
    why = fetched.why;
    if (fetched.stalled) break;
  }
  return { why };
}

async function fetchVersion(into: string, version: string, env: NodeJS.ProcessEnv, progress: Making['progress'], stallMs: number) {
  const child = spawn(process.execPath, [...nodeArguments('fetch'), into, version], {
    env,
    detached: true,
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  });
  let why = 'the SDK ended without a word';
  child.on('message', (error) => {
    if (typeof error === 'string') why = shortDownloadError(error);
  });
  const watch = watchGrowth(into, progress, stallMs, () => killGroup(child));
  try {
    await once(child, 'close');
  } catch (error) {
    why = String(error);
  } finally {
    watch.end();
  }
  return watch.stalled() ? { why: `nothing arrived for ${Math.round(stallMs / 1000)} s`, stalled: true } : { why, stalled: false };
}

function watchGrowth(into: string, progress: Making['progress'], stallMs: number, onStall: () => void) {
  const startedAt = Date.now();
  let bytes = 0;
  let grewAt = startedAt;
  let saidAt = startedAt;
  let stalled = false;
  const looking = setInterval(async () => {
    const seen = await sizeOf(into);
    const now = Date.now();
    if (seen !== bytes) grewAt = now;
    bytes = seen;
    if (now - saidAt >= SAY_MS) {
      saidAt = now;
      progress(`downloading: ${Math.round((now - startedAt) / 1000)} s, ${(bytes / 1e6).toFixed(0)} MB so far`);
    }
    if (now - grewAt < stallMs || stalled) return;
    stalled = true;
    onStall();
  }, LOOK_MS);
  return { end: () => clearInterval(looking), stalled: () => stalled };
}

async function sizeOf(folder: string): Promise<number> {
  const names = await readdir(folder).catch(() => []);
  const sizes = names.map(async (name) => (await stat(join(folder, name)).catch(() => undefined))?.size ?? 0);
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
}

/** The SDK writes to `<name>.downloading` and renames at the end, so any other name is whole. */
async function completeFile(folder: string): Promise<string | undefined> {
  const name = (await readdir(folder)).find((file) => file.startsWith('temporal-') && !file.endsWith('.downloading'));
  return name ? join(folder, name) : undefined;
}

/** The SDK repeats the address in each layer of its error; what counts is the last layer. */
function shortDownloadError(error: string): string {
  const host = /https?:\/\/[^/\s)?]+/.exec(error)?.[0];
  const cause = error
    .replace(/^.*url \([^)]*\):?\s*/s, '')
    .replace(/\s+/g, ' ')
    .trim();
  return [host ? `${host}:` : '', cause || 'no answer'].join(' ').trim().slice(0, 300);
}
