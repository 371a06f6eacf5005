// A message of a topic as a line of JSON: the well-known headers by name, all of them again under `headers`, and where it lay.
import type { IHeaders, KafkaMessage } from 'kafkajs'

/** `mirror` is the node it was read on; null for the hub. */
export function deliveryOf(
  { offset, value, headers = {}, timestamp }: KafkaMessage,
  partition: number,
  mirror: string | null,
): Record<string, unknown> {
  const texts = textsOf(headers)
  const position = texts['skysieve-position']
  return {
    alert: texts['skysieve-alert'] ?? null,
    visit: texts['skysieve-visit'] ?? null,
    position: position === undefined ? null : Number(position),
    filter: texts['skysieve-filter'] ?? null,
    bytes: value?.length ?? 0,
    mirror,
    partition,
    offset,
    time: new Date(Number(timestamp)).toISOString(),
    headers: texts,
  }
}

function textsOf(headers: IHeaders): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) => {
      const first = Array.isArray(value) ? value.at(-1) : value
      return first === undefined ? [] : [[name, first.toString()]]
    }),
  )
}
