import { defineConfig, mergeConfig } from 'vitest/config'
import vite from './vite.config.ts'

export default mergeConfig(
  vite,
  defineConfig({
    test: {
      environment: 'happy-dom',
      include: ['src/**/*.test.ts'],
      setupFiles: ['src/app/messages/testing.ts'],
      // Element Plus imports its own style sheets, which Node cannot load unless they pass through Vite.
      server: { deps: { inline: ['element-plus'] } },
      maxWorkers: 2,
      restoreMocks: true,
    },
  }),
)
