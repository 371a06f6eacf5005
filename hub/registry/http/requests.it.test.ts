// What Confluent's clients, Karapace's tests and Rubin's sync ask of a registry beyond registering.
import { describe, expect, test } from 'vitest'
import { CONTENT_TYPE, newId, newSchema, newSubject, random, testRegistry } from '../registry.fixture.ts'

const { url, ask, get, register, replace } = testRegistry()

describe('requests', () => {
  const typed = async (accept: string) => {
    const response = await fetch(new URL('/subjects', url()), { headers: { accept } })
    return [response.status, response.headers.get('content-type')]
  }

  test.each([
    ['application/json', 200, 'application/json'],
    ['text/html, image/gif, *; q=.2, */*; q=.2', 200, CONTENT_TYPE],
    [
      'application/vnd.schemaregistry.v2+json; q=0.1, application/vnd.schemaregistry+json; q=0.9',
      200,
      'application/vnd.schemaregistry+json',
    ],
    ['application/*', 200, CONTENT_TYPE],
    ['application/octet-stream', 406, CONTENT_TYPE],
    ['text/*', 406, CONTENT_TYPE],
  ])('that accept %s get %i in %s', async (accept, status, type) => {
    expect(await typed(accept)).toEqual([status, type])
  })

  test('of another type are refused, of another charset are read, of broken JSON are told so', async () => {
    const put = async (contentType: string, body: Buffer | string) => {
      const response = await fetch(new URL('/config/requests', url()), {
        method: 'PUT',
        headers: { 'content-type': contentType },
        body: typeof body === 'string' ? body : new Uint8Array(body),
      })
      return [response.status, response.headers.get('content-type'), await response.json()]
    }
    const text = '{"compatibility":"NONE"}'
    expect(await put(`${CONTENT_TYPE}; charset=utf-16`, Buffer.from(text, 'utf16le'))).toEqual([
      200,
      CONTENT_TYPE,
      { compatibility: 'NONE' },
    ])
    expect(await put('text/html', text)).toEqual([
      415,
      CONTENT_TYPE,
      { error_code: 415, message: 'HTTP 415 Unsupported Media Type' },
    ])
    expect(await put(CONTENT_TYPE, '{"compatibility":')).toEqual([
      422,
      CONTENT_TYPE,
      { error_code: 42_201, message: expect.any(String) },
    ])
  })

  test('that ask much from one address have to wait, with Confluent’s form of saying so', async () => {
    const schema = JSON.stringify({ type: 'string', note: 'x'.repeat(250_000) })
    const answers = []
    for (let i = 0; i < 31; i++) answers.push(await ask('POST', '/compatibility/subjects/much/versions', { schema }))
    expect(answers.slice(0, 30).every(({ status }) => status === 200)).toBe(true)
    expect(answers[30]).toMatchObject({ status: 429, type: CONTENT_TYPE, answer: { error_code: 42_901 } })
    expect((await ask('POST', '/compatibility/subjects/much/versions', { schema: '"int"' })).status).toBe(200)
  })

  test('to compare with a version that is not there say so, whether or not the subject is', async () => {
    const compare = (subject: string, version: string) =>
      ask('POST', `/compatibility/subjects/${subject}/versions/${version}`, { schema: '"int"' })
    const subject = newSubject()
    expect(await compare(subject, '1')).toMatchObject({ status: 404, answer: { error_code: 40_402 } })
    expect((await compare(subject, '-1')).answer).toEqual({ is_compatible: true })
    await register(subject, newSchema())
    await ask('DELETE', `/subjects/${subject}/versions/1`)
    expect(await compare(subject, '1')).toMatchObject({ status: 404, answer: { error_code: 40_402 } })
  })

  test('for a schema with names that only Avro’s Java readers are strict about are taken, others get the reason', async () => {
    const dashed = JSON.stringify({ type: 'record', name: 'Envelope', namespace: 'survey-table.v1', fields: [] })
    expect((await register(newSubject(), dashed)).status).toBe(200)
    const same = await Promise.all(['"int"', '{"type":"int","name":"x"}'].map(schema => register(newSubject(), schema)))
    expect(same[0]?.answer).toEqual(same[1]?.answer)
    const twice = JSON.stringify({ type: 'record', name: 'R', fields: [{ name: '__proto__', type: 'int' }] })
    expect(await register(newSubject(), twice)).toMatchObject({
      status: 422,
      answer: { error_code: 42_201, message: expect.stringContaining('__proto__') },
    })
  })
})

describe('deleting', () => {
  test('of the latest version, again and again, takes one after another', async () => {
    const subject = newSubject()
    await register(subject, newSchema())
    await register(subject, newSchema())
    expect((await ask('DELETE', `/subjects/${subject}/versions/latest`)).answer).toBe(2)
    expect((await ask('DELETE', `/subjects/${subject}/versions/latest`)).answer).toBe(1)
    expect(await get(`/subjects?deletedOnly=true&subjectPrefix=${subject}`)).toEqual([subject])
    expect(await get(`/subjects/${subject}/versions?deletedOnly=true`)).toEqual([1, 2])
    expect(await get(`/subjects?subjectPrefix=${subject}`)).toEqual([])
  })

  test('as Rubin’s sync does it leaves notices readable, and a schema that comes again has its old id', async () => {
    const [subject, own, schema, notices] = [newSubject(), `n${random()}-notices-value`, newSchema(), newSchema()]
    const [{ id }, { id: noticesId }] = (await Promise.all([register(subject, schema), register(own, notices)])).map(
      ({ answer }) => answer as { id: number },
    ) as [{ id: number }, { id: number }]
    for (const each of [subject, own])
      for (const query of ['', '?permanent=true']) {
        const { status, answer } = await ask('DELETE', `/subjects/${each}${query}`)
        expect(status).toBe(each === own ? 422 : 200)
        if (each === own) expect(answer).toMatchObject({ error_code: 42_205 })
      }
    expect((await get(`/schemas/ids/${noticesId}`)) as object).toEqual({ schema: notices })
    const [alertId, alerts] = [newId(), newSchema()]
    expect((await ask('PUT', `/mode/${subject}`, { mode: 'IMPORT' })).status).toBe(200)
    expect((await register(subject, alerts, { id: alertId, version: alertId })).answer).toEqual({ id: alertId })
    expect((await ask('PUT', `/mode/${subject}`, { mode: 'READWRITE' })).status).toBe(200)
    await (await replace()).close()
    expect((await register(newSubject(), schema)).answer).toEqual({ id })
  })
})
