// A key and its certificates as PKCS #12 (RFC 7292), for programs in Java that read no PEM: the key encrypted (PBES2), certificates plain, no MAC. Pure but for
// the salt.
import { createPrivateKey, X509Certificate } from 'node:crypto'

const OIDS = {
  data: '1.2.840.113549.1.7.1',
  shroudedKey: '1.2.840.113549.1.12.10.1.2',
  certificate: '1.2.840.113549.1.12.10.1.3',
  x509: '1.2.840.113549.1.9.22.1',
  friendlyName: '1.2.840.113549.1.9.20',
  localKeyId: '1.2.840.113549.1.9.21',
  /** Of the JDK: such a certificate is trusted, for any use. */
  trustedKeyUsage: '2.16.840.1.113894.746875.1.1',
  anyUse: '2.5.29.37.0',
} as const

const TAGS = { integer: 0x02, octets: 0x04, oid: 0x06, bmp: 0x1e, sequence: 0x30, set: 0x31, explicit: 0xa0 } as const
const VERSION = 3
const LONG_FORM = 0x80
const BYTE = 0x100
const CONTINUES = 0x80
const BASE = 0x80
const FIRST_ARC = 40

const lengthOf = (length: number): Buffer => {
  if (length < LONG_FORM) return Buffer.from([length])
  const bytes: number[] = []
  for (let rest = length; rest > 0; rest = Math.floor(rest / BYTE)) bytes.unshift(rest % BYTE)
  return Buffer.from([LONG_FORM + bytes.length, ...bytes])
}
const der = (tag: number, ...parts: readonly Buffer[]): Buffer => {
  const body = Buffer.concat(parts)
  return Buffer.concat([Buffer.from([tag]), lengthOf(body.length), body])
}
const oid = (text: string): Buffer => {
  const [first = 0, second = 0, ...others] = text.split('.').map(Number)
  const bytes = [FIRST_ARC * first + second, ...others].flatMap(arc => {
    const digits = [arc % BASE]
    for (let rest = Math.floor(arc / BASE); rest > 0; rest = Math.floor(rest / BASE))
      digits.unshift((rest % BASE) + CONTINUES)
    return digits
  })
  return der(TAGS.oid, Buffer.from(bytes))
}
const sequence = (...parts: readonly Buffer[]): Buffer => der(TAGS.sequence, ...parts)
const explicit = (part: Buffer): Buffer => der(TAGS.explicit, part)
const octets = (bytes: Buffer): Buffer => der(TAGS.octets, bytes)

const content = (bytes: Buffer): Buffer => sequence(oid(OIDS.data), explicit(octets(bytes)))
const attribute = (kind: string, value: Buffer): Buffer => sequence(oid(kind), der(TAGS.set, value))
const named = (name: string): Buffer =>
  attribute(OIDS.friendlyName, der(TAGS.bmp, Buffer.from(name, 'utf16le').swap16()))
const bag = (kind: string, value: Buffer, ...attributes: readonly Buffer[]): Buffer =>
  sequence(oid(kind), explicit(value), der(TAGS.set, ...attributes))
const certificateBag = (certificate: X509Certificate, ...attributes: readonly Buffer[]): Buffer =>
  bag(OIDS.certificate, sequence(oid(OIDS.x509), explicit(octets(certificate.raw))), ...attributes)

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/

/** `pem` has a key and, first, its own certificate; `ca` is what is trusted. Throws what node:crypto throws where it has not. */
export const pkcs12Of = (pem: string, ca: string, password: string): Buffer => {
  const key = createPrivateKey(pem).export({
    type: 'pkcs8',
    format: 'der',
    cipher: 'aes-256-cbc',
    passphrase: password,
  })
  const own = attribute(OIDS.localKeyId, octets(Buffer.from('own')))
  const bags = [
    bag(OIDS.shroudedKey, key, named('own'), own),
    certificateBag(new X509Certificate(CERTIFICATE.exec(pem)?.[0] ?? ''), named('own'), own),
    certificateBag(new X509Certificate(ca), named('ca'), attribute(OIDS.trustedKeyUsage, oid(OIDS.anyUse))),
  ]
  return sequence(der(TAGS.integer, Buffer.from([VERSION])), content(sequence(content(sequence(...bags)))))
}
