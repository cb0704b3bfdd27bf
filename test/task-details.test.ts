import { expect, it } from 'vitest';
import { DEFAULT_LIMITS, type Task } from '../src/domain/task.ts';
import { taskDetails } from '../src/task-details.ts';

const TASK: Task = {
  id: 'fix-login',
  title: 'Fix the login redirect',
  owner: 'web-team',
  agent: { use: 'command', argv: ['node', 'fix.mjs', '{prompt}'] },
  prompt: 'Fix it.\n```\ncode\n```\n',
  workspace: { repo: 'https://git.example.com/shop.git', base: 'main' },
  outputs: [
    { kind: 'commit', by: 'agent', conclusive: false },
    { kind: 'push', by: 'outlive' },
  ],
  checks: [{ argv: ['npm', 'test'], timeoutMs: 600_000 }],
  limits: DEFAULT_LIMITS,
  bank: 'origin',
  pool: 'default',
  env: { TOKEN: 'a secret' },
};

it('a task is told in Markdown, its prompt in one block whatever is in it', () => {
  expect(taskDetails(TASK)).toMatchInlineSnapshot(`
    "### Fix the login redirect

    Task \`fix-login\` of web-team, pool \`default\`. Its story: \`outlive show fix-login\`

    **Prompt**

    \`\`\`\`text
    Fix it.
    \`\`\`
    code
    \`\`\`
    \`\`\`\`

    **Agent**

    \`node fix.mjs {prompt}\`

    **Workspace**

    \`https://git.example.com/shop.git\` from \`main\`

    **Done when there is**

    - a commit
    - the push by Outlive

    **Checks**

    - \`npm test\`

    **Limits**

    - 6 runs, 3 for one reason
    - 8 h of run time
    - a run: 1 h, 10 min of silence"
  `);
});

it('neither the environment nor an endless prompt goes into the Web UI', () => {
  const details = taskDetails({ ...TASK, prompt: 'x'.repeat(1_000_000), title: 'y'.repeat(1_000_000) });
  expect(details.length).toBeLessThan(10_000);
  expect(details).not.toContain('a secret');
});
