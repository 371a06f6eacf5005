// What a running broker is asked to do with its own files.
import { ConfigResourceTypes, IncrementalAlterConfigOperationTypes } from '@platformatic/kafka'
import { type AdminCall } from './admin-call.ts'

export interface KeystoreCalls {
  /**
   * The broker with this id looks at the keystores of its listeners again, soon after this resolves, and takes those that have changed: new
   * connections get the new certificate, open ones stay. What it does not take, one for other names than before, it says in its log alone.
   */
  rereadKeystores: (brokerId: number) => Promise<void>
}

/** A broker looks at its files with any change of its settings. This one is set to what it is without, and taken away again. */
const HARMLESS = { name: 'leader.replication.throttled.rate', value: '9223372036854775807' }

const { SET, DELETE } = IncrementalAlterConfigOperationTypes

export const keystoreCalls = (call: AdminCall): KeystoreCalls => ({
  rereadKeystores: brokerId =>
    call(`Reading the keystores of broker ${brokerId} again`, async admin => {
      const resource = { resourceType: ConfigResourceTypes.BROKER, resourceName: String(brokerId) }
      for (const config of [
        { ...HARMLESS, configOperation: SET },
        { name: HARMLESS.name, configOperation: DELETE },
      ])
        await admin.incrementalAlterConfigs({ resources: [{ ...resource, configs: [config] }] })
    }),
})
