// Generates the JavaScript that walks over values nobody reads. Every type can be skipped; each length, branch and boolean is checked on the way.
import {
  type ArrayNode,
  type AvroNode,
  type MapNode,
  minBytes,
  nullableOf,
  type RecordNode,
  type UnionNode,
} from '../schema/node.ts'

/** A body this long is cut into several functions, which V8 compiles sooner and better than one huge one. */
const MAX_STEPS = 48

/** Local names of every generated function: the reader's state, and scratch variables. */
const LOCALS = 'const B=R.bytes,V=R.view,E=R.end,F=R.numbers,U=R.words;let x=0,v=0,n=0,e=0,h=0,q=0;'

/** Collects generated functions. All take the reader R, a position p (and a row i) and return the position behind what they read. */
export class Source {
  readonly functions: string[] = []
  /** Values the code refers to as T[k]. */
  readonly tables: unknown[] = []
  readonly #skips = new Map<AvroNode, string>()
  #names = 0

  name(): string {
    return `f${this.#names++}`
  }

  table(value: unknown): string {
    return `T[${this.tables.push(value) - 1}]`
  }

  /** A function that does the steps one after another. Returns its name. */
  define(steps: readonly string[], name = this.name()): string {
    if (steps.length <= MAX_STEPS) {
      this.functions.push(`function ${name}(R,p,i){${LOCALS}${steps.join('\n')}\nreturn p}`)
      return name
    }
    const parts: string[] = []
    for (let from = 0; from < steps.length; from += MAX_STEPS)
      parts.push(`p=${this.define(steps.slice(from, from + MAX_STEPS))}(R,p,i);`)
    return this.define(parts, name)
  }

  /** A statement that moves p behind a value. `where` is the field's name, for messages. */
  skip(node: AvroNode, where: string): string {
    // However many records without bytes are in each other.
    if (minBytes(node) === 0) return ''
    switch (node.kind) {
      case 'null':
        return ''
      case 'boolean':
        return 'if(B[p++]>1)R.boolean(p);'
      case 'int':
        return 'if(B[p]<128)p++;else p=R.skipInt(p);'
      case 'long':
        return 'if(B[p]<128)p++;else p=R.skipLong(p);'
      case 'float':
        return 'p+=4;'
      case 'double':
        return 'p+=8;'
      case 'fixed':
        return `p+=${node.size};`
      case 'string':
      case 'bytes':
        return 'p=R.skipBytes(p);'
      case 'enum':
        return `p=R.branch(p,${node.symbols.length});`
      case 'union':
        return this.#skipUnion(node, where)
      default:
        return `p=${this.#skipFunction(node)}(R,p,0);`
    }
  }

  #skipUnion(node: UnionNode, where: string): string {
    const nullable = nullableOf(node)
    if (nullable?.isOnly === true) return this.only(this.skip(nullable.value, where))
    if (nullable) return this.nullable(nullable.nullIndex, where, '', this.skip(nullable.value, where))
    const cases = node.branches.map((branch, i) => `case ${i}:${this.skip(branch, where)}break;`)
    return `p=R.branch(p,${node.branches.length});switch(R.n){${cases.join('')}}`
  }

  /** Reads the branch of a union of one type. */
  only(value: string): string {
    return `p=R.branch(p,1);${value}`
  }

  /** Reads the branch of a union of null and a type, and does one thing or the other. */
  nullable(nullIndex: number, where: string, whenNull: string, whenValue: string): string {
    const [none, some] = nullIndex === 0 ? [0, 2] : [2, 0]
    return `x=B[p++];if(x===${some}){${whenValue}}else if(x===${none}){${whenNull}}else R.union(p,${JSON.stringify(where)},x>>>1);`
  }

  #skipFunction(node: RecordNode | ArrayNode | MapNode): string {
    const known = this.#skips.get(node)
    if (known) return known
    const name = this.name()
    this.#skips.set(node, name)
    if (node.kind === 'record') {
      const fields = node.fields.map(field => this.skip(field.node, `${node.name}.${field.name}`))
      this.define(this.guarded(node, fields), name)
    } else if (node.kind === 'array') {
      const size = minBytes(node.items)
      this.define([this.blocks(size, this.skip(node.items, 'an item'))], name)
    } else {
      const value = `p=R.skipBytes(p);${this.skip(node.values, 'a value')}`
      this.define([this.blocks(1 + minBytes(node.values), value)], name)
    }
    return name
  }

  /** The steps of a record: with a bound on its depth where it can contain itself, and a look at the end. */
  guarded(record: RecordNode, steps: readonly string[]): string[] {
    const check = 'if(p>E)R.truncated(p);'
    return record.recursive ? ['R.deeper(p);', ...steps, 'R.depth--;', check] : [...steps, check]
  }

  /** The blocks of an array or map: `item` once for each item. Items without bytes are only counted. */
  blocks(itemBytes: number, item: string, before = ''): string {
    const loop = item === '' ? '' : `while(n-->0){${item}if(p>E)R.truncated(p);}`
    return `for(;;){p=R.count(p,${itemBytes});n=R.n;if(n===0)break;e=R.blockEnd;${before}${loop}if(e>=0&&p!==e)R.block(p);}`
  }
}
