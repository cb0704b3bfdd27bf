// Addresses of repositories and names of branches, as far as they are refused at the border. An address that carries
// credentials is refused without a word of it in the message: specs and messages stay in histories and logs.

import { z } from 'zod';

const HOST = '([A-Za-z0-9][A-Za-z0-9.-]*|\\[[0-9A-Fa-f:]+\\])';
const USER = '[A-Za-z0-9_][A-Za-z0-9._-]*@';
const REST = '[^\\s\\x00-\\x1f\\x7f]+';
const ADDRESS = new RegExp(
  `^(https?://${HOST}(:[0-9]+)?/[^\\s?#]+|ssh://(${USER})?${HOST}(:[0-9]+)?/${REST}|${USER}${HOST}:[^-\\s]\\S*|file:///.+|/.+)$`,
);
const LONGEST = 2000;
const FORMS = 'https://…, ssh://…, git@host:path, file:///… or the absolute path of a local repository';

export const repositoryAddress = z
  .string({ error: (issue) => `${issue.input === undefined ? 'missing' : 'no address of a repository'}; expected ${FORMS}` })
  .max(LONGEST, { error: `no address of a repository; expected at most ${LONGEST} characters`, abort: true })
  .regex(ADDRESS, { error: (issue) => sayAddress(String(issue.input)) })
  .refine((address) => !/\p{Cc}/u.test(address), { error: `no address of a repository; expected ${FORMS}` });

function sayAddress(address: string): string {
  return holdsCredentials(address)
    ? 'holds credentials; expected an address without them: git on the hosts must have them (a credential helper, an SSH key)'
    : `no address of a repository; expected ${FORMS}`;
}

/** A user of its own in `ssh://git@host` is none; over HTTP even a lone user is mostly a token. */
const holdsCredentials = (address: string): boolean => /^https?:\/\/[^/]*@/.test(address) || /^([a-z+]+:\/\/)?[^/]*:[^/]*@/.test(address);

/** git's own rules for the name of a branch or of another ref (git help check-ref-format). */
export function isRefName(name: string): boolean {
  const part = (component: string): boolean => component !== '' && !component.startsWith('.') && !component.endsWith('.lock');
  return !/^[-@]$|^-|\.\.|@\{|[\s~^:?*[\\\p{Cc}]|\.$/u.test(name) && name.split('/').every(part);
}
