// One agent's process, held by the worker itself. This is the place of DESIGN §3's supervisor, which comes in the next
// step: until then an agent whose worker dies is ended by the next worker (reapLeftovers).
//
// The cause is written before the signal, the exit before anybody is told of it: whoever reads the journal later knows as
// much as the worker did.

import { type FileHandle, open, stat } from 'node:fs/promises';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { EndedBy, Exit } from '../domain/run.ts';
import type { Task } from '../domain/task.ts';
import { endTree, MARK_VARIABLE, type ProcessIdentity, spawnInOwnGroup } from './process-tree.ts';
import { type Journal, type RunDir, readJournal, writeJournal } from './state-dir.ts';
