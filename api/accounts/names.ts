// Which names an account or a Kafka user may not have, because the system's own users and groups have them.
import { ApiError } from '../errors.ts'

const RESERVED = /^(skysieve|filter|connect|kraft|kafka|mm2|mirror|hub|node\d*|admin|root|system|anonymous)(-|$)/

/** @throws ApiError API_NAME_RESERVED */
export function refuseReserved(name: string): void {
  if (RESERVED.test(name)) {
    throw new ApiError('API_NAME_RESERVED', `The name “${name}” belongs to the system itself; choose another.`, {
      problems: [{ pointer: '/name', message: 'reserved' }],
    })
  }
}
