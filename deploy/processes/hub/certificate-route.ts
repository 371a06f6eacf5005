// The authority of the system, on the hub's ops port: it alone has the key, and signs what the API has let join. Loopback only, and for who has the secret.
import { type FastifyInstance } from 'fastify'
import { Type } from 'typebox'
import { Value } from 'typebox/value'
import { HubError, signRequest } from '#hub'
import { carries } from '../ops-server.ts'

const MAX_BODY_BYTES = 16 * 1024
const NOT_KNOWN = 401
const UNPROCESSABLE = 422

/** A node's certificate request (PEM), and the names and addresses that the certificate shall be for. */
const CertificateOrder = Type.Object(
  {
    csr: Type.String({ maxLength: 8000 }),
    /** The common name: a node's, or of a machine of a cell. */
    name: Type.String({ pattern: '^[a-z][a-z0-9-]{0,32}$', maxLength: 33 }),
    hosts: Type.Array(Type.String({ pattern: '^[A-Za-z0-9.:-]{1,253}$', maxLength: 253 }), {
      minItems: 1,
      maxItems: 8,
    }),
    /** Those of a cell know each other by certificate. */
    role: Type.Enum(['server', 'peer']),
  },
  { additionalProperties: false },
)

export const CertificateAnswer = Type.Object({ certificate: Type.String({ maxLength: 16_000 }) })

export interface Authority {
  /** Where its key is. */
  readonly dir: string
  readonly secretSha256: string
}

export const CERTIFICATES_PATH = '/certificates'

/** Adds the route. A request that is none is refused with a reason. */
export const certificateRoute = (app: FastifyInstance, { dir, secretSha256 }: Authority): void => {
  app.post(CERTIFICATES_PATH, { bodyLimit: MAX_BODY_BYTES }, async ({ headers, body }, reply) => {
    if (!carries(headers.authorization, secretSha256))
      return reply.code(NOT_KNOWN).send({ detail: 'not for everybody' })
    if (!Value.Check(CertificateOrder, body))
      return reply.code(UNPROCESSABLE).send({ detail: 'no order of a certificate' })
    try {
      return { certificate: await signRequest(dir, body.csr, body.name, body.hosts, body.role) }
    } catch (error) {
      if (!(error instanceof HubError)) throw error
      return reply.code(UNPROCESSABLE).send({ detail: error.message })
    }
  })
}
