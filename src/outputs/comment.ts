// A comment on an issue or a pull request, known by a hidden marker: whatever people write around it, it is found again.

import { setTimeout as sleep } from 'node:timers/promises';
import { commentMarker } from '../domain/names.ts';
import { placeOnForge } from './forge-access.ts';
import { asEffect, type Comment, ForgeProblem, gitHub } from './github.ts';
import { EffectRefused, type OutputType, type ProbeAnswer } from './output-type.ts';

export const comment: OutputType<'comment'> = {
  probe: async ({ issue }, { worker, task, signal }) => {
    const at = placeOnForge(worker.forge, task);
    if (!at.ok) return { state: 'unknown', evidence: at.problem };
    try {
      const found = await gitHub(worker.forge, at.repository, signal).comment(issue, commentMarker(task.id));
      return found ? present(found) : { state: 'absent', evidence: `no comment of this task on #${issue}` };
    } catch (error) {
      if (!(error instanceof ForgeProblem)) throw error;
      return { state: 'unknown', evidence: error.message };
    }
  },
  make: async ({ issue, body }, { worker, task, signal, again, secondLookMs }) => {
    const at = placeOnForge(worker.forge, task);
    if (!at.ok) throw new EffectRefused(at.problem);
    const forge = gitHub(worker.forge, at.repository, signal);
    const marker = commentMarker(task.id);
    try {
      const there = await forge.comment(issue, marker);
      if (there) return present(there);
      // Nothing keeps a forge from a second comment, and a list may lag behind what was just made.
      if (again) {
        await sleep(secondLookMs, undefined, signal ? { signal } : {});
        const late = await forge.comment(issue, marker);
        if (late) return present(late);
      }
      return present(await forge.say(issue, `${body.trimEnd()}\n\n${marker}\n`));
    } catch (error) {
      throw asEffect(error);
    }
  },
};

const present = ({ url }: Comment): ProbeAnswer => ({ state: 'present', evidence: url });
