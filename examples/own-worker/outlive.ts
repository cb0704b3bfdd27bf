// Outlive with an agent, a kind of output and a way to be told of one's own. Worker and scripts share it.

import { appendFile, readFile } from 'node:fs/promises';
import { type Agent, createOutlive, type OwnOutputType } from 'outlive';

/** An agent that is a few lines of shell; a real one would be a program. */
const writer: Agent = {
  launch: ({ spec, promptFile }) => ({
    argv: [
      'sh',
      '-c',
      'echo "## $1" > NOTES.md && cat "$2" >> NOTES.md && git add . && git commit -qm "Notes of $1"',
      'writer',
      String(spec.options?.['version']),
      promptFile,
    ],
  }),
};

/** A line on a board, here a file. It is looked for before it is written, so that it is there once, whatever dies in between. */
const board: OwnOutputType = {
  refuse: ({ file, entry }) => (typeof file === 'string' && typeof entry === 'string' ? undefined : 'file, entry: expected texts'),
  probe: async ({ options, key }) => {
    const lines = await readFile(String(options['file']), 'utf8').catch(() => '');
    return lines.includes(`(${key})`)
      ? { state: 'present', evidence: `it stands in ${String(options['file'])}` }
      : { state: 'absent', evidence: `it is not in ${String(options['file'])}` };
  },
  make: async (asked) => {
    const { options, key, branch } = asked;
    const there = await board.probe(asked);
    if (there.state === 'present') return there;
    await appendFile(String(options['file']), `${String(options['entry'])} is written on ${branch} (${key})\n`);
    return board.probe(asked);
  },
};

export const outlive = createOutlive({
  agents: { writer },
  outputs: { board },
  notify: async (notice) => console.error(`${notice.kind === 'incident' ? notice.incident : notice.task} ${notice.kind}: ${notice.show}`),
});
