// Rows of the schema's records. Fields that no class of object sets come from a few seeded blanks, with nulls and NaNs as in real packets.
import { type Random } from './random.ts'
import { type Field, type Primitive } from './schemas/rubin-records.ts'

type Scalar = null | boolean | number | bigint | string
export type Row = Record<string, Scalar>

const NULL_SHARE = 0.05
const NAN_SHARE = 0.02
const FLAG_SHARE = 0.03

const VALUES: Readonly<Record<Primitive, (random: Random) => Scalar>> = {
  boolean: random => random.chance(FLAG_SHARE),
  float: random => (random.chance(NAN_SHARE) ? NaN : Math.fround(random.normal() * 10)),
  double: random => random.normal() * 10,
  int: random => random.whole(0, 50),
  long: () => 0n,
  string: () => '',
}

const value = ({ type, nullable }: Field, random: Random): Scalar =>
  nullable && (type === 'string' || random.chance(NULL_SHARE)) ? null : VALUES[type](random)

/** `count` blanks of a record; spread one and set what is known. Clones of one shape keep V8's copying and avsc's writing fast. */
export const blankRows = (fields: readonly Field[], count: number, random: Random): readonly [Row, ...Row[]] => {
  const blank = (): Row => Object.fromEntries(fields.map(field => [field.name, value(field, random)]))
  return [blank(), ...Array.from({ length: count - 1 }, blank)]
}
