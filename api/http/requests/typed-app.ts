// The application's type, with schemas as types of what routes take and give.
import { type TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import { type FastifyBaseLogger, type FastifyInstance, type RawServerDefault } from 'fastify'
import { type IncomingMessage, type ServerResponse } from 'node:http'

/** An application before or after its routes are added. */
export type App = FastifyInstance<
  RawServerDefault,
  IncomingMessage,
  ServerResponse,
  FastifyBaseLogger,
  TypeBoxTypeProvider
>
