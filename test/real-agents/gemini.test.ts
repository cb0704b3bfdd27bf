import { tellStories } from './stories.ts';

tellStories({
  name: 'gemini',
  pack: 'gemini',
  setUp: ({ origin }) => ({
    agent: { use: 'acp', argv: ['gemini', '--acp', '--skip-trust', '--yolo', '-m', 'gemini-2.5-flash'] },
    env: { GEMINI_API_KEY: 'AIzaTestTestTest0000', GOOGLE_GEMINI_BASE_URL: origin },
    files: {
      '.gemini/settings.json': JSON.stringify({
        security: { auth: { selectedType: 'gemini-api-key' } },
        privacy: { usageStatisticsEnabled: false },
        telemetry: { enabled: false },
      }),
    },
  }),
});
