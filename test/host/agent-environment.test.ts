import { describe, expect, it } from 'vitest';
import { agentEnvironment } from '../../src/host/agent-environment.ts';
import { runIn } from './scratch.ts';

describe('an agent’s environment', () => {
  const dir = runIn('/state');
  const hostEnv = {
    PATH: '/bin',
    HOME: '/home/me',
    LC_ALL: 'C.UTF-8',
    https_proxy: 'http://proxy:3128',
    NODE_EXTRA_CA_CERTS: '/ca.pem',
    GITHUB_TOKEN: 'secret',
    NODE_OPTIONS: '--inspect',
    TEMPORAL_API_KEY: 'secret',
    TMPDIR: '/tmp',
  };

  it('has nothing of the host’s but where programs, language and network are', () => {
    expect(agentEnvironment({ hostEnv, task: { id: 'fix-it', env: { CI: '1' } }, n: 2, dir })).toEqual({
      PATH: '/bin',
      HOME: '/home/me',
      LC_ALL: 'C.UTF-8',
      https_proxy: 'http://proxy:3128',
      NODE_EXTRA_CA_CERTS: '/ca.pem',
      CI: '1',
      TMPDIR: dir.tmp,
      OUTLIVE_TASK: 'fix-it',
      OUTLIVE_RUN: '2',
      OUTLIVE_PROMPT_FILE: dir.prompt,
      OUTLIVE_RESULT_FILE: dir.result,
    });
  });

  it('takes the task’s word over the host’s, and Outlive’s over both', () => {
    const env = agentEnvironment({ hostEnv, task: { id: 'fix-it', env: { PATH: '/tools', OUTLIVE_TASK: 'other' } }, n: 1, dir });
    expect(env).toMatchObject({ PATH: '/tools', OUTLIVE_TASK: 'fix-it' });
  });
});
