// Passwords of Kafka users: made here, shown once, and kept only salted and sealed.
import { saltPassword } from '#hub'
import { randomText } from '../accounts/bearer-token.ts'
import { type SecretBox } from '../accounts/secret-box.ts'

/** Of 36 characters each: 165 bits. */
const PASSWORD_CHARS = 32

/** A new password, and what is kept of it: salted, and sealed for the user's name. */
export async function newPassword(box: SecretBox, user: string) {
  const password = randomText(PASSWORD_CHARS)
  const { iterations, salt, saltedPassword } = await saltPassword(password)
  return { password, kept: { iterations, salt: salt.toString('base64'), sealed: box.seal(user, saltedPassword) } }
}
