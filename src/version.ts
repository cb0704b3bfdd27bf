// The version of this package, read from its own package.json: beside `src` in a checkout, beside `dist` when installed.
import { readFileSync } from 'node:fs';

export const VERSION: string = (JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string })
  .version;
