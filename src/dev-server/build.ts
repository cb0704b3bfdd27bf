// The Temporal CLI built with Go from the wrapper module. (`go install` refuses the CLI: its go.mod has a replace.)

import { copyFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { execa } from 'execa';
import { MODULE_FILES, type Pin } from './pin.ts';
import type { Making, Sought } from './sought.ts';

const LIMIT_MS = 45 * 60_000;
const SAY_MS = 10_000;
const PACKAGE = 'github.com/temporalio/cli/cmd/temporal';

/** A usable file inside `folder`, or why there is none. */
export async function buildServer({ folder, pin, env, progress }: Making): Promise<Sought> {
  const go = await execa('go', ['version'], { env, extendEnv: false, reject: false, timeout: 30_000 });
  if (go.failed) return { why: go.code === 'ENOENT' ? '`go` is not on PATH' : `\`go version\` failed: ${go.shortMessage}` };
  progress(
    `building the Temporal CLI ${pin.version} with ${go.stdout.trim()}: this takes some minutes, once; later starts find it in the cache`,
  );
  const workspace = await copyOfModule(pin);
  try {
    return await goBuild(workspace, join(folder, 'temporal.built'), env, progress);
  } finally {
    await rm(workspace, { recursive: true, force: true });
  }
}

/** Outside the package: there it may be read-only, or inside a Go workspace of the user's. */
async function copyOfModule(pin: Pin): Promise<string> {
  const workspace = await mkdtemp(join(tmpdir(), 'outlive-temporal-build-'));
  for (const file of MODULE_FILES) await copyFile(join(pin.module, file), join(workspace, file));
  return workspace;
}

async function goBuild(cwd: string, output: string, env: NodeJS.ProcessEnv, progress: Making['progress']): Promise<Sought> {
  const startedAt = Date.now();
  const seen = { modules: 0, packages: 0, words: [] as string[] };
  const build = execa('go', ['build', '-v', '-trimpath', '-ldflags', '-s -w', '-o', output, PACKAGE], {
    cwd,
    env,
    extendEnv: false,
    reject: false,
    stdin: 'ignore',
    stdout: 'ignore',
    buffer: false,
    timeout: LIMIT_MS,
  });
  createInterface({ input: build.stderr }).on('line', (line) => countLine(seen, line));
  const saying = setInterval(() => {
    const seconds = Math.round((Date.now() - startedAt) / 1000);
    progress(`building: ${seconds} s, ${seen.modules} modules fetched, ${seen.packages} packages compiled`);
  }, SAY_MS);
  const built = await build;
  clearInterval(saying);
  if (!built.failed) return { path: output };
  if (built.timedOut) return { why: `\`go build\` was not done after ${LIMIT_MS / 60_000} minutes` };
  return { why: `\`go build\` failed: ${seen.words.slice(-3).join(' · ').slice(0, 400) || built.shortMessage}` };
}

/** With `-v`, Go prints each package that it compiles, alone on a line, between its other words. */
function countLine(seen: { modules: number; packages: number; words: string[] }, line: string): void {
  if (line.startsWith('go: downloading ')) seen.modules += 1;
  else if (/^[\w./~-]+$/.test(line)) seen.packages += 1;
  else if (line.trim()) seen.words.push(line.trim());
}
