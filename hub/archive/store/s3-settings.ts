// Which bucket of which S3 server an archive is in. Apart from the store itself, whose client is 20 MB of code that reading settings does not need.
import { Type, type Static } from 'typebox'

export const S3Settings = Type.Object(
  {
    kind: Type.Literal('s3'),
    endpoint: Type.Optional(Type.String({ pattern: '^https?://' })),
    region: Type.String({ default: 'us-east-1' }),
    bucket: Type.String({ minLength: 3 }),
    /** In front of every key, e.g. `alert_archive`; without a slash at its end. */
    prefix: Type.Optional(Type.String({ pattern: '^[A-Za-z0-9][A-Za-z0-9._/-]*[A-Za-z0-9]$' })),
    accessKeyId: Type.String(),
    secretAccessKey: Type.String(),
    /** The bucket in the path instead of the host's name, as most servers other than Amazon's want it. */
    pathStyle: Type.Boolean({ default: true }),
  },
  { additionalProperties: false },
)
export type S3Settings = Static<typeof S3Settings>
