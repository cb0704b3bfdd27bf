import { tellStories } from './stories.ts';

tellStories({
  name: 'gemini',
  pack: 'gemini',
  session: 'is lost',
  // Over ACP a refusal is an `end_turn` with tokens, as any other polite end.
  knows: { refusal: { reason: 'output_rejected', decision: 'retry' } },
  setUp: ({ origin }) => ({
    agent: { use: 'acp', argv: ['gemini', '--acp', '--skip-trust', '--yolo', '-m', 'gemini-2.5-flash'] },
    env: { GEMINI_API_KEY: 'AIzaTestTestTest0000', GOOGLE_GEMINI_BASE_URL: origin },
    files: {
      '.gemini/settings.json': JSON.stringify({
        security: { auth: { selectedType: 'gemini-api-key' } },
        privacy: { usageStatisticsEnabled: false },
        telemetry: { enabled: false },
        // As Outlive's own defaults say, which it does not take from a folder under /tmp.
        general: { maxAttempts: 2 },
      }),
    },
  }),
});
