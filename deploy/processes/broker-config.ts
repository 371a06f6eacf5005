// A broker in the settings of a process, and the user it is there. One shape for all (`BrokerAccess` of the hub).
import { Type } from 'typebox'

const Milliseconds = Type.Optional(Type.Integer({ minimum: 100, maximum: 120_000 }))

export const BrokerConfig = Type.Object(
  {
    bootstrap: Type.String(),
    user: Type.String(),
    password: Type.String(),
    ca: Type.Optional(Type.String()),
    /** Shorter ones where several brokers stand in for each other. */
    timeouts: Type.Optional(
      Type.Object(
        { connectMs: Milliseconds, requestMs: Milliseconds, sessionMs: Milliseconds },
        { additionalProperties: false },
      ),
    ),
  },
  { additionalProperties: false },
)
