import { tellStories } from './stories.ts';

tellStories({
  name: 'claude',
  pack: 'claude',
  setUp: ({ origin }) => ({
    agent: { use: 'claude', model: 'claude-sonnet-4-5' },
    // As root it wants to hear that it is in a sandbox.
    env: { ANTHROPIC_BASE_URL: origin, ANTHROPIC_API_KEY: 'sk-ant-test-0000', IS_SANDBOX: '1' },
  }),
});
