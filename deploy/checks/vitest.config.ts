// Three projects: unit (no server), integration (own Kafka brokers, shared by all files) and e2e (whole systems, one after another).
import { defineConfig } from 'vitest/config'

const root = new URL('../..', import.meta.url).pathname
const temporaryFolder = 'deploy/checks/temporary-folder.setup.ts'
const exclude = ['**/node_modules/**', '.cache/**', '.skysieve*/**']

export default defineConfig({
  root,
  test: {
    projects: [
      {
        extends: true,
        // Unit tests keep no state in modules, so files may share a process and its imports: 40 s instead of 100.
        test: {
          name: 'unit',
          include: ['**/*.test.ts'],
          exclude: [...exclude, '**/*.it.test.ts', '**/*.e2e.test.ts'],
          isolate: false,
          testTimeout: 60_000,
          globalSetup: [temporaryFolder],
        },
      },
      {
        extends: true,
        test: {
          name: 'integration',
          include: ['**/*.it.test.ts'],
          exclude,
          globalSetup: [temporaryFolder, 'deploy/checks/kafka.setup.ts'],
          testTimeout: 60_000,
          hookTimeout: 120_000,
          fileParallelism: false,
        },
      },
      {
        extends: true,
        test: {
          name: 'e2e',
          include: ['**/*.e2e.test.ts'],
          exclude,
          globalSetup: [temporaryFolder],
          // Only to end a test that will not pass: a machine may be ten times slower than ours.
          testTimeout: 1_200_000,
          hookTimeout: 1_200_000,
          fileParallelism: false,
        },
      },
    ],
  },
})
