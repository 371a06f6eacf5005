// Salted SCRAM-SHA-512 passwords, so that no clear password ever goes to a broker, an argument or a file.
import { pbkdf2, randomBytes } from 'node:crypto'
import { promisify } from 'node:util'

/** What Kafka accepts: 4,096 (fast, tests) to 16,384. */
export const SCRAM_ITERATIONS = 8192
const SALT_BYTES = 32
const KEY_BYTES = 64

const derive = promisify(pbkdf2)

export interface SaltedPassword {
  readonly iterations: number
  readonly salt: Buffer
  readonly saltedPassword: Buffer
}

/** Salts a password as RFC 5802 says (Hi with HMAC-SHA-512). */
export const saltPassword = async (
  password: string,
  iterations = SCRAM_ITERATIONS,
  salt: Buffer = randomBytes(SALT_BYTES),
): Promise<SaltedPassword> => ({
  iterations,
  salt,
  saltedPassword: await derive(password.normalize('NFKC'), salt, iterations, KEY_BYTES, 'sha512'),
})
