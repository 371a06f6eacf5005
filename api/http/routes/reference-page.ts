// The OpenAPI document as one page without scripts: every route with what it takes, what it answers, and who may call it.
import { API_ERRORS } from '../../errors.ts'

interface Operation {
  readonly summary?: string
  readonly tags?: readonly string[]
  readonly parameters?: readonly { readonly name: string; readonly in: string; readonly required?: boolean }[]
  readonly requestBody?: { readonly content?: Record<string, { readonly schema?: object }> }
  readonly responses?: Record<string, unknown>
}

const escape = (text: string): string => text.replace(/[&<>"]/g, mark => `&#${mark.charCodeAt(0)};`)

/** HTML of an OpenAPI document's paths and of all error codes. */
export function referencePage(document: object): string {
  const { paths = {} } = document as { paths?: Record<string, Record<string, Operation>> }
  const operations = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method: method.toUpperCase(), operation })),
  )
  const tags = [...new Set(operations.flatMap(({ operation }) => operation.tags ?? []))]
  const sections = tags.map(tag => {
    const own = operations.filter(({ operation }) => operation.tags?.includes(tag))
    return `<h2>${escape(tag)}</h2>${own.map(section).join('')}`
  })
  const errors = Object.entries(API_ERRORS).map(
    ([code, { status, title }]) => `<tr><td>${status}</td><td><code>${code}</code></td><td>${escape(title)}</td></tr>`,
  )
  return `<!doctype html><html lang="en"><meta charset="utf-8"><title>Skysieve API</title>
<style>body{font:15px/1.5 system-ui;max-width:60rem;margin:2rem auto;padding:0 1rem}pre{background:#f4f4f4;padding:.5rem;overflow:auto}td{padding:.1rem .8rem .1rem 0}code{font-size:.95em}</style>
<h1>Skysieve API</h1><p>For programs: <a href="/v1/openapi.json">/v1/openapi.json</a>. Send <code>Authorization: Bearer sky_…</code>.</p>
${sections.join('')}<h2>errors</h2><table>${errors.join('')}</table></html>`
}

function section({ path, method, operation }: { path: string; method: string; operation: Operation }): string {
  const parameters = (operation.parameters ?? []).map(
    ({ name, in: place, required }) =>
      `<li><code>${escape(name)}</code> (${escape(place)}${required ? ', required' : ''})</li>`,
  )
  const body = operation.requestBody?.content?.['application/json']?.schema
  return `<h3><code>${method} ${escape(path)}</code></h3><p>${escape(operation.summary ?? '')}</p>
${parameters.length > 0 ? `<ul>${parameters.join('')}</ul>` : ''}${body ? `<pre>${escape(JSON.stringify(body, null, 1))}</pre>` : ''}
<p>Answers ${Object.keys(operation.responses ?? {})
    .map(escape)
    .join(', ')}</p>`
}
