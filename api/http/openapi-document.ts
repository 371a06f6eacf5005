// The OpenAPI document without a running system: routes are registered, nothing is called.
import { Value } from 'typebox/value'
import { type Platform } from '../platform.ts'
import { ApiSettings } from '../settings.ts'
import { buildApp } from './app.ts'

/** What `api/openapi.json` holds; a test compares the two. */
export async function openApiDocument(): Promise<object> {
  const settings = Value.Parse(ApiSettings, Value.Default(ApiSettings, { url: 'http://127.0.0.1:21005' }))
  // Registering routes only names the other parts; a request to this application would fail.
  const platform = { settings } as Platform
  const app = await buildApp({ platform })
  await app.ready()
  const document = app.swagger()
  await app.close()
  return document
}
