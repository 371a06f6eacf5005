// A node joins. It has no bearer token: what it may is told by the join token in the body, and whose it is by the key that signed its request.
import { type FastifyRequest } from 'fastify'
import { ApiError } from '../../../errors.ts'
import { JoinAnswer, JoinRequest, JoinWaiting } from '../../../nodes/join-messages.ts'
import { joinNode, nodeOfToken } from '../../../nodes/join-node.ts'
import { type Platform } from '../../../platform.ts'
import { answers } from '../../answers/answers.ts'
import { forms } from '../../answers/media-types.ts'
import { type App } from '../../requests/typed-app.ts'

export function joinRoutes(app: App, platform: Platform): void {
  /** The node whose token was sent. */
  const target = ({ body }: FastifyRequest): { readonly name: string } | undefined => {
    // Also asked of what was refused because it has not the form of a request.
    const token = (body as Partial<JoinRequest> | null | undefined)?.token
    if (typeof token !== 'string') return undefined
    try {
      return { name: nodeOfToken(platform, token).record.name }
    } catch (error) {
      if (error instanceof ApiError) return undefined
      throw error
    }
  }

  app.route({
    method: 'POST',
    url: '/v1/nodes/join',
    config: { scope: 'none', target },
    schema: {
      summary: 'Join as the node that a token was made for; with the same key as often as needed',
      description:
        'Needs no bearer token. Counted by address, as everything that is asked without one. A machine of a cell asks again while not all three have joined.',
      tags: ['nodes'],
      security: [],
      body: JoinRequest,
      response: answers({ 200: JoinAnswer, 202: JoinWaiting }),
    },
    async handler(request, reply) {
      const answer = await joinNode(platform, request.body, request.receivedMs)
      void reply.header('cache-control', 'no-store')
      return 'of' in answer ? reply.code(202).send(answer) : reply.code(200).send(answer)
    },
  })

  app.route({
    method: 'GET',
    url: '/v1/ca',
    config: { scope: 'none' },
    schema: {
      summary: 'The certificate of this system’s own authority, PEM',
      description:
        'Believe it only when its SHA-256 is what you were told: a join token ends with the first half of that.',
      tags: ['nodes'],
      security: [],
      response: answers({ 200: forms('One certificate.', { 'application/x-pem-file': null }) }),
    },
    async handler(_request, reply) {
      const { authority: ca } = platform.joining
      if (ca === undefined)
        throw new ApiError('API_ROUTE_UNKNOWN', 'This system has no authority of its own: its API speaks plain text.')
      return reply.type('application/x-pem-file').send(Buffer.from(ca))
    },
  })
}
