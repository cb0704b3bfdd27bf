// An agent of one's own in one file: a program that prints JSON events, how it is started, and how its events are read.
// Its default export is what `agents` in outlive.yaml names.

import { fileURLToPath } from 'node:url';
import { asked, failed, finished, PROCESS_RULES, spent, toolBegan } from 'outlive';

const program = fileURLToPath(new URL('./parrot.mjs', import.meta.url));

/** Called with each line that is a JSON object; false for one that is none of its events. */
function hear(event, heard) {
  switch (event.event) {
    case 'hello':
      heard.session = event.session;
      heard.version = event.version;
      asked(heard);
      return true;
    case 'tool':
      toolBegan(heard);
      return true;
    case 'answer':
      spent(heard, { input: event.tokens.in, output: event.tokens.out, costUsd: event.usd });
      asked(heard);
      return true;
    case 'end':
      if (event.ok) finished(heard);
      else failed(heard, { words: event.why, httpStatus: event.status });
      return true;
    default:
      return false;
  }
}

export default {
  parrot: {
    launch: ({ prompt, session, resume, spec }) => ({
      argv: [process.execPath, program, resume ?? session, prompt, ...(spec.options?.quiet ? ['--quiet'] : [])],
    }),
    reader: { hear, rules: PROCESS_RULES },
    credentials: ['PARROT_API_KEY'],
    refuse: ({ quiet }) => (quiet === undefined || typeof quiet === 'boolean' ? undefined : 'quiet: expected true or false'),
  },
};
