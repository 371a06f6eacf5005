// The producer of @platformatic/kafka, asking as a client may: AddPartitionsToTxn from version 4 on is for brokers and needs CLUSTER_ACTION,
// which no user of ours has; version 3 says the same with WRITE on topic and transactional id. And packets are written without joining them.
import { addPartitionsToTxnV3, type API, type Callback, kGetApi, Producer } from '@platformatic/kafka'
import { zeroCopyProduce } from './zero-copy-produce.ts'

export class ClientProducer<K, V> extends Producer<K, V> {
  override [kGetApi]<A extends unknown[], R>(name: string, callback: Callback<API<A, R>>): void {
    if (name === 'AddPartitionsToTxn') callback(null, addPartitionsToTxnV3.api as unknown as API<A, R>)
    else
      super[kGetApi]<A, R>(name, (error, api) => {
        const isOurs = name === 'Produce' && api?.version === zeroCopyProduce?.version
        callback(error, isOurs ? (zeroCopyProduce as unknown as API<A, R>) : api)
      })
  }
}
