import { tellStories } from './stories.ts';

const model = { name: 'test-model', tool_call: true, limit: { context: 128_000, output: 8192 } };

tellStories({
  name: 'opencode',
  pack: 'opencode',
  session: 'is bound to its run',
  setUp: ({ origin }) => ({
    agent: { use: 'opencode', model: 'test/test-model' },
    env: {
      OPENCODE_CONFIG_CONTENT: JSON.stringify({
        enabled_providers: ['test'],
        small_model: 'test/test-model',
        provider: {
          test: {
            npm: '@ai-sdk/openai-compatible',
            name: 'test',
            options: { baseURL: `${origin}/v1`, apiKey: 'sk-test-0000' },
            models: { 'test-model': model },
          },
        },
      }),
      OPENCODE_DISABLE_MODELS_FETCH: '1',
      OPENCODE_DISABLE_LSP_DOWNLOAD: '1',
    },
  }),
});
