import { createRequire } from 'node:module';
import { fileURLToPath, pathToFileURL } from 'node:url';

/** What node must be given to run a file of this folder: the compiled file as it is, the source through tsx. */
export function nodeArguments(name: 'guard' | 'fetch'): string[] {
  const isSource = import.meta.url.endsWith('.ts');
  const file = fileURLToPath(new URL(`./${name}.${isSource ? 'ts' : 'js'}`, import.meta.url));
  if (!isSource) return [file];
  // By its full address: node looks up a bare `--import tsx` from the working directory, which may be anywhere.
  const tsx = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href;
  return ['--import', tsx, file];
}
