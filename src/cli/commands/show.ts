import { EXIT, type ExitCode } from '../errors.ts';
import { plain } from '../layout.ts';
import { readTask } from '../read-task.ts';
import { renderTask } from '../render.ts';
import type { Screen } from '../screen.ts';
import { withServer } from '../server.ts';

/** One task's whole story. Without a worker it is told from the history, and says so. */
export function show(id: string, screen: Screen): Promise<ExitCode> {
  return withServer(screen, async (server) => {
    const { status, silent, cutOff } = await readTask(server, id);
    if (silent !== undefined) screen.note(screen.warnInk.yellow(`From the history: ${silent}.`));
    if (cutOff !== undefined) screen.note(screen.warnInk.yellow(`It ended without its own word: ${plain(cutOff)}.`));
    screen.give(status);
    screen.say(renderTask(status, { ink: screen.ink, now: Date.now() }));
    return EXIT.ok;
  });
}
