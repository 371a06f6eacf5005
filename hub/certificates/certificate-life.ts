// How long a certificate is good, and from when on it is renewed: when a third of its life is left. Pure.
import { X509Certificate } from 'node:crypto'

/** Of a server's certificate. The authority's own lasts ten times that. */
export const SERVER_DAYS = 365

const RENEWED_WITH = 1 / 3
const FIRST_CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/

export interface CertificateLife {
  readonly endMs: number
  readonly isDue: boolean
  readonly isOver: boolean
}

/** Of the first certificate of a text; undefined where there is none. */
export const certificateIn = (text: string): X509Certificate | undefined => {
  const [pem] = FIRST_CERTIFICATE.exec(text) ?? []
  return pem === undefined ? undefined : new X509Certificate(pem)
}

export const lifeOf = ({ validFrom, validTo }: X509Certificate, nowMs: number): CertificateLife => {
  const [startMs, endMs] = [Date.parse(validFrom), Date.parse(validTo)]
  return { endMs, isDue: endMs - nowMs < (endMs - startMs) * RENEWED_WITH, isOver: endMs <= nowMs }
}
