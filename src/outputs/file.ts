// A file of the workspace that differs from the task's base.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gitInWorkspace } from '../host/git.ts';
import { type Probe, STRANDED } from './output-type.ts';

export const probeFile: Probe<'file'> = async ({ path }, { task, workspace, repository }) => {
  if (workspace === undefined) return STRANDED;
  let content: Buffer;
  try {
    content = await readFile(join(workspace, path));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return { state: 'absent', evidence: `there is no ${path}` };
    if (code === 'EISDIR') return { state: 'absent', evidence: `${path} is a folder` };
    return { state: 'unknown', evidence: `${path} cannot be read: ${(error as Error).message}` };
  }
  if (content.length === 0) return { state: 'partial', evidence: `${path} is empty` };
  if (task.workspace === undefined) return { state: 'present', evidence: `${path} has ${content.length} bytes` };
  if (!repository) return { state: 'unknown', evidence: 'the clone of the run cannot be read' };
  return await differsFromBase(workspace, repository.base, path, content);
};

async function differsFromBase(workspace: string, base: string, path: string, content: Buffer): ReturnType<Probe<'file'>> {
  const listed = await gitInWorkspace(workspace, ['ls-tree', base, '--', path]);
  if (!listed.ok) return { state: 'unknown', evidence: `the base cannot be read: ${listed.summary}` };
  if (listed.stdout.trim() === '') return { state: 'present', evidence: `${path} is new, ${content.length} bytes` };
  const changed = await gitInWorkspace(workspace, ['diff', '--quiet', '--no-ext-diff', base, '--', path]);
  if (changed.ok) return { state: 'absent', evidence: `${path} is as it was at the base` };
  if (changed.exitCode === 1 && !changed.timedOut) return { state: 'present', evidence: `${path} differs from the base` };
  return { state: 'unknown', evidence: `${path} cannot be compared: ${changed.summary}` };
}
