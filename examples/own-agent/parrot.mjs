// The program: it does as it is told, and tells of it, one JSON object a line.

import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';

const [session, prompt, ...options] = process.argv.slice(2);
const say = (event) => console.log(JSON.stringify(event));

say({ event: 'hello', version: '1.0.0', session });
say({ event: 'tool', name: 'write' });
writeFileSync('parrot.txt', prompt);
execFileSync('git', ['add', '.']);
execFileSync('git', ['commit', '-qm', 'What the parrot was told']);
say({ event: 'answer', tokens: { in: prompt.length, out: 3 }, usd: 0.001 });
if (!options.includes('--quiet')) console.log('Polly is done.');
say({ event: 'end', ok: true });
