// Which names an account or a Kafka user may not have, because the system's own users and groups have them.
import { ApiError } from '../errors.ts'
import { type ControlState } from '../control/control-state.ts'

const RESERVED = /^(skysieve|filter|connect|kraft|kafka|mm2|mirror|hub|node\d*|admin|root|system|anonymous)(-|$)/

/** @throws ApiError API_NAME_RESERVED */
export function refuseReserved(name: string): void {
  if (RESERVED.test(name)) {
    throw new ApiError('API_NAME_RESERVED', `The name “${name}” belongs to the system itself; choose another.`, {
      problems: [{ pointer: '/name', message: 'reserved' }],
    })
  }
}

/** Where names that are taken are looked up. */
interface WithNames {
  readonly controlState: Pick<ControlState, 'accounts' | 'logins' | 'credentials'>
}

const overlaps = (one: string, other: string): boolean =>
  one === other || one.startsWith(`${other}-`) || other.startsWith(`${one}-`)

/** Kafka users of the administrator are named `operator-…`. */
export const ADMIN_USERS = 'operator'

/**
 * A new account's name is nobody's, and nobody's begins with it and a dash, nor it with theirs: consumer groups are told apart by the names they
 * begin with. Throws ApiError API_NAME_TAKEN.
 */
export function requireFreeName({ controlState }: WithNames, name: string): void {
  const users = [...controlState.logins(), ...controlState.credentials()].map(({ user }) => user)
  const taken = [...controlState.accounts().map(({ id }) => id), ...users, ADMIN_USERS].find(other =>
    overlaps(name, other),
  )
  if (taken === undefined) return
  const message =
    taken === name
      ? `There already is an account or Kafka user “${name}”.`
      : `“${name}” and “${taken}”, which is there already, cannot both be: the consumer groups of one would begin with the other's name and a dash. Choose a name that does not.`
  throw new ApiError('API_NAME_TAKEN', message, { problems: [{ pointer: '/name', message: 'taken' }] })
}

/** A Kafka user's name is its account's, or begins with it and a dash, or at least is not so with another account's. Throws ApiError API_NAME_TAKEN. */
export function requireForeignTo({ controlState }: WithNames, user: string, account: string): void {
  const other = controlState.accounts().find(({ id }) => id !== account && overlaps(user, id) && !isOwn(user, account))
  if (other === undefined) return
  throw new ApiError(
    'API_NAME_TAKEN',
    `“${user}” would share consumer groups with the account “${other.id}”; choose another name.`,
    { problems: [{ pointer: '/user', message: 'taken' }] },
  )
}

/** Names that an account's users may have by themselves. */
export const isOwn = (user: string, account: string): boolean => user === account || user.startsWith(`${account}-`)
