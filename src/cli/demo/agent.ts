// The demo's agent: a small program that does a piece of real work in a real clone, and ends its first run the way its
// story says. It knows nothing of Outlive but the files and variables that every command agent gets.

import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const [story = '', folder = ''] = process.argv.slice(2);
const run = Number(process.env['OUTLIVE_RUN']);
const isFirst = run === 1;
const planFile = process.env['OUTLIVE_PLAN_FILE'];
const prompt = readFileSync(process.env['OUTLIVE_PROMPT_FILE'] ?? '', 'utf8');
const FULL = 'API error: 400 {"type":"invalid_request_error","message":"prompt is too long: 214310 tokens > 200000 maximum"}';

function work(file = `${story}.md`, text = `The work of ${process.env['OUTLIVE_TASK']}, done by run ${run}.\n`): void {
  writeFileSync(file, text);
  execFileSync('git', ['add', '.']);
  execFileSync('git', ['commit', '--quiet', '--message', `Do the work of ${file}`]);
  console.log('the work is committed');
}

/** Tells the demo that it may be killed now, and waits for it. */
async function waitForTheKill(): Promise<never> {
  writeFileSync(join(folder, `${story}.pid`), String(process.pid));
  for (;;) await sleep(60_000);
}

function fail(words: string): never {
  console.error(words);
  process.exit(1);
}

function plan(file: string): void {
  const chapter = (name: string) => ({ title: `Chapter ${name}`, prompt: `Write the chapter ${name} into ${story}-${name}.md.` });
  const last = { title: 'Bring the chapters together', prompt: `Write ${story}.md from the chapters.` };
  writeFileSync(file, JSON.stringify({ steps: [chapter('one'), chapter('two'), last] }));
  console.log('the plan is written');
}

console.log(`run ${run} of ${story} reads ${prompt.length} characters of prompt`);
const [, chapter] = /Write the chapter (\w+) into/.exec(prompt) ?? [];
if (planFile) plan(planFile);
else if (chapter) work(`${story}-${chapter}.md`);
else {
  if (story === 'killed' && isFirst) await waitForTheKill();
  if (story === 'limited' && isFirst) {
    fail('API error: 429 Too Many Requests {"type":"error","error":{"type":"rate_limit_error","message":"Rate limited"}} retry-after: 3');
  }
  if (story.startsWith('key-') && existsSync(join(folder, 'key-is-revoked'))) {
    fail('API error: 401 {"type":"error","error":{"type":"authentication_error","message":"invalid x-api-key"}}');
  }
  if (story === 'strange' && isFirst) fail('the third gear of the second clock has lost its patience');
  if (story === 'split' && isFirst) fail(FULL);
  if (story === 'enriched' && isFirst) {
    work('half.md');
    fail(FULL);
  }
  // Its check wants the words of the task.
  if (story === 'red' && isFirst) work('red.md', 'Something else.\n');
  else work();
  if (story === 'finished') await waitForTheKill();
}
