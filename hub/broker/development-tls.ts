// TLS for development, as whoever starts brokers sees it. Making certificates loads much code, so it is loaded when they are asked for.

import { type Tls } from './settings.ts'

/**
 * The certificates of one server in `dir` (mode 0700), by an authority of the folder's own: made where missing, of other hosts or
 * about to run out. Safe to repeat. `hosts` are the names and addresses that clients connect to.
 */
export const developmentTls = async (dir: string, name: string, hosts: readonly string[]): Promise<Tls> =>
  (await import('./certificates.ts')).signServer(dir, name, hosts)
