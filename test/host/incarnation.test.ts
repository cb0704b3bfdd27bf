import { execa } from 'execa';
import { describe, expect, it } from 'vitest';
import { endOf, incarnation } from '../../src/host/incarnation.ts';
import { bootId } from '../../src/host/process-tree.ts';

const THEN = { boot: 'b1', container: 'c1' };

describe('the life of a machine', () => {
  it.each([
    ['goes on', THEN, undefined],
    ['ended with another boot', { boot: 'b2', container: 'c1' }, 'boot'],
    ['ended with another boot, which makes every container another one', { boot: 'b2', container: 'c2' }, 'boot'],
    ['ended with another container', { boot: 'b1', container: 'c2' }, 'container'],
  ])('%s', (_, now, ended) => {
    expect(endOf(THEN, now)).toBe(ended);
  });

  it('is the same for every process of this machine', async () => {
    const script = "import { incarnation } from './src/host/incarnation.ts'; process.stdout.write(JSON.stringify(incarnation()));";
    const { stdout } = await execa(process.execPath, ['--import', 'tsx', '--input-type=module', '--eval', script]);
    expect(JSON.parse(stdout)).toEqual(incarnation());
    expect(incarnation().boot).toBe(bootId());
  });

  it('tells a container from the machine around it', async (context) => {
    const script = 'process.stdout.write(require("node:fs").readlinkSync("/proc/self/ns/pid"))';
    const inside = await execa('unshare', ['--pid', '--fork', '--mount-proc', process.execPath, '--eval', script], { reject: false });
    if (inside.exitCode !== 0) {
      const why = `no namespace of processes can be made here: ${inside.stderr || inside.shortMessage}`;
      process.stderr.write(`skipped: ${why}\n`);
      context.skip(why);
    }
    expect(incarnation().container).not.toContain(inside.stdout);
  });
});
