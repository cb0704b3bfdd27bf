import { tellStories } from './stories.ts';

tellStories({
  name: 'codex',
  pack: 'codex',
  setUp: ({ origin }) => ({
    agent: { use: 'codex', model: 'gpt-5-codex' },
    env: { TEST_API_KEY: 'sk-test-0000' },
    files: {
      '.codex/config.toml': `model_provider = "test"
check_for_update_on_startup = false
web_search = "disabled"
[analytics]
enabled = false
[features]
plugins = false
apps = false
[model_providers.test]
name = "test"
base_url = "${origin}/v1"
env_key = "TEST_API_KEY"
wire_api = "responses"
request_max_retries = 1
stream_max_retries = 1
`,
    },
  }),
});
