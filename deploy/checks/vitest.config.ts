// Three projects: unit (no server), integration (own Kafka brokers, shared by all files) and e2e (whole systems, one after another).
import { availableParallelism } from 'node:os'
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
        // Unit tests keep no state in modules, so files may share a process and its imports: 40 s instead of 100. They wait for processes
        // and clocks more than they compute, so more of them run at once than there are processors: 57 s instead of 83 on a busy machine.
        test: {
          name: 'unit',
          include: ['**/*.test.ts'],
          exclude: [...exclude, '**/*.it.test.ts', '**/*.e2e.test.ts'],
          isolate: false,
          maxWorkers: 2 * availableParallelism() + 1,
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
          setupFiles: ['deploy/checks/own-topics.setup.ts'],
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
          testTimeout: 3_600_000,
          hookTimeout: 3_600_000,
          fileParallelism: false,
        },
      },
    ],
  },
})
