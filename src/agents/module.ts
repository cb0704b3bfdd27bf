// A function of the user's own, in TypeScript or JavaScript, in a supervised child (DESIGN §6). Its driver loads the file,
// calls the default export, and writes what came of it into the result file.

import type { Agent } from './agent.ts';
import { readResult } from './command.ts';

export const moduleAgent: Agent = {
  launch: ({ spec: { path = '' }, session, resume }) => ({ argv: [], driver: { kind: 'module', told: { path, session, resume } } }),
  readResult,
};
