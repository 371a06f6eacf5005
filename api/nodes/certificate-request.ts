// What a node's certificate request asks for, and whose key it is: read and verified. It comes from outside, so nothing of it is believed unread.
import { createHash, type webcrypto } from 'node:crypto'
import { ApiError } from '../errors.ts'

/** What a request says once its signature holds. */
export interface CertificateRequest {
  /** SHA-256 of its public key (SPKI, DER) in hex. */
  readonly keySha256: string
  /** Names and addresses that the certificate shall be good for. */
  readonly hosts: readonly string[]
}

const CURVE = 'P-256'

/** `why` goes on after “The certificate request …”. */
export const refusedRequest = (why: string, cause?: unknown): ApiError => {
  const message = `The certificate request ${why}. Send PKCS #10 as PEM, signed by the node's own ECDSA key on ${CURVE}, with the host of its address in subjectAltName.`
  return new ApiError('API_JOIN_REQUEST', message, { cause, problems: [{ pointer: '/csr', message: why }] })
}

/** Reads a PEM text of bounded length. Throws ApiError API_JOIN_REQUEST: no request, another kind of key, a signature that does not hold. */
export async function readCertificateRequest(pem: string): Promise<CertificateRequest> {
  // Hundreds of modules, which only a join needs.
  await import('reflect-metadata')
  const { Pkcs10CertificateRequest, SubjectAlternativeNameExtension } = await import('@peculiar/x509')
  try {
    const request = new Pkcs10CertificateRequest(pem)
    const { publicKey, extensions } = request
    const { name, namedCurve } = publicKey.algorithm as webcrypto.EcKeyAlgorithm
    if (name !== 'ECDSA' || namedCurve !== CURVE)
      throw refusedRequest(`has a key of another kind than ECDSA on ${CURVE}`)
    if (!(await request.verify())) throw refusedRequest('is not signed by the key that it is for')
    const names = extensions.flatMap(one => (one instanceof SubjectAlternativeNameExtension ? one.names.items : []))
    const other = names.find(({ type }) => type !== 'dns' && type !== 'ip')
    if (other !== undefined) throw refusedRequest(`asks for a name of the type ${other.type}, which no broker has`)
    return {
      keySha256: createHash('sha256').update(Buffer.from(publicKey.rawData)).digest('hex'),
      hosts: names.map(({ value }) => value),
    }
  } catch (error) {
    if (error instanceof ApiError) throw error
    throw refusedRequest('cannot be read', error)
  }
}
