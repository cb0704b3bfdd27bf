// A task type of one's own: what it takes, and the task that comes of it. Whoever starts one needs no YAML.

import type { TaskSpec } from 'outlive';

export interface ReleaseNotes {
  /** Such as 1.4.0. */
  readonly version: string;
  readonly repo: string;
  /** The issue that is told once the notes are there. */
  readonly board: string;
}

export function releaseNotes({ version, repo, board }: ReleaseNotes): TaskSpec {
  return {
    id: `release-notes-${version.replaceAll('.', '-')}`,
    title: `Release notes of ${version}`,
    owner: 'release-team',
    agent: { use: 'writer', options: { version } },
    prompt: `Write the release notes of ${version} into NOTES.md and commit them.`,
    workspace: { repo },
    outputs: [{ kind: 'commit' }, { kind: 'push' }, { kind: 'board', options: { file: board, entry: version } }],
    checks: [{ argv: ['grep', '-q', version, 'NOTES.md'] }],
  };
}
