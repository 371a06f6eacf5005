// Source text of a filter's views: objects that look like the record, over the cells of its mailbox. Generated with offsets as literals, because getters
// made by a loop share one feedback vector and are 3-5 times slower. Names whose values are not carried cost nothing here: records.ts answers for them.
import { MAX_LIST_ROWS, NULL_HIGH } from '../../columns/batch.ts'
import { type Cell, type ListCells, type MailboxPlan } from '../mailbox/mailbox-plan.ts'
import { type Member, type RecordNode, valueOf } from '../mailbox/record-tree.ts'

const readNumber = (at: number): string => `const v=F[${at}+this.#i];return v===v?v:missing(${at}+this.#i)`

const READ: Record<Cell['kind'], (at: number) => string> = {
  number: readNumber,
  int: readNumber,
  boolean: at => `const v=F[${at}+this.#i];return v===v?v===1:null`,
  string: at => `const v=F[${at}+this.#i];return v>=0?ascii[v]:v<0?text(v):null`,
  long: at => `const k=${at}+this.#i;return U[2*k+1]===${NULL_HIGH}?null:L[k]`,
  binary: at => `const v=F[${at}+this.#i];return v===v?bytes(v):null`,
  present: () => 'return null',
}

/** Views of a list's items, made when first needed and used for all batches; and the array of the row that asked last, so that asking twice gives the same one. */
const poolSource = (id: number, item: number): string =>
  // Room is made in few large steps: what an array grows out of stays on the heap for long.
  `const pool${id}=[];let made${id}=0,array${id}=null,row${id}=-1,epoch${id}=-1
const grow${id}=n=>{if(pool${id}.length<n)pool${id}.length=n<${MAX_LIST_ROWS / 4}?4*n:${MAX_LIST_ROWS};for(;made${id}<n;made${id}++)pool${id}[made${id}]=wrap(new Record${item}(made${id}),H${item})}`

/** Only one array is kept, because arrays that outlive their row would be promoted and fill the heap. */
const readList = (id: number, { starts, counts }: ListCells): string =>
  `const i=this.#i;if(row${id}===i&&epoch${id}===epoch)return array${id};const n=F[${counts}+i],s=F[${starts}+i];if(n>0&&made${id}<s+n)grow${id}(s+n);` +
  // Remembered last: an author's stack may overflow anywhere before.
  `const a=n<0?null:apply(sliceArray,pool${id},[s,s+n]);row${id}=-1;array${id}=a;epoch${id}=epoch;row${id}=i;return a`

/**
 * A function `(cells, words, longs, primordials, blobs, records) => views`; see `Views` in runner.ts. Views are used again for the next batch, unless a filter
 * `mayKeep` them: then each batch has its own, and those of a batch that is over refuse.
 */
export function viewSource(
  { records, places }: Pick<MailboxPlan, 'records' | 'places'>,
  { mayKeep = false }: { readonly mayKeep?: boolean } = {},
): string {
  const inTime = mayKeep ? 'if(this.#e!==epoch)stale();' : ''
  const classes: string[] = []
  const closings: string[] = []
  const pools: string[] = []
  const isCarried = (member: Member): boolean => {
    const value = valueOf(member)
    return value === undefined || places.has(value)
  }
  const classOf = (node: RecordNode): number => {
    const index = classes.push('') - 1
    const privates = mayKeep ? ['#i', '#e=epoch'] : ['#i']
    const made: string[] = []
    const getters: string[] = []
    const carried: string[] = []
    for (const [name, member] of node.members) {
      if (!isCarried(member)) continue
      carried.push(name)
      // A computed key, since some names (`constructor`, `__proto__`) mean something else as plain ones.
      getters.push(`get [${JSON.stringify(name)}](){${inTime}${getterOf(member, privates, made)}}`)
    }
    const isWhole = node.within.every(name => places.has(name))
    const json = carried.map(name => `[${JSON.stringify(name)}]:this[${JSON.stringify(name)}]`)
    const toJSON = isWhole ? `return {${json.join(',')}}` : `return reachAll([${node.runs}])`
    const lacks = carried.length < node.members.size
    classes[index] =
      `class Record${index}{${privates.join(';')};constructor(i){this.#i=i;${made.join(';')};mark(this)}\n${getters.join('\n')}\n}`
    closings.push(
      `const H${index}=close(Record${index},{where:${JSON.stringify(node.where)},carried:${JSON.stringify(carried)},names:${JSON.stringify(node.text)},lacks:${lacks},toJSON(){${toJSON}}})`,
    )
    return index
  }
  const cellOf = (name: string): Cell => places.get(name) as Cell
  const getterOf = (member: Member, privates: string[], made: string[]): string => {
    if (member.kind === 'field') {
      const { kind, at } = cellOf(member.name)
      return READ[kind](at)
    }
    if (member.kind === 'list') {
      const id = pools.push('') - 1
      pools[id] = poolSource(id, classOf(member.item))
      return readList(id, places.get(member.name) as ListCells)
    }
    const slot = `#r${privates.push(`#r${privates.length}`) - 1}`
    const { presence } = member.record
    const inner = classOf(member.record)
    made.push(`this.${slot}=wrap(new Record${inner}(i),H${inner})`)
    const view = `this.${slot}`
    return `return ${presence === undefined ? view : `F[${cellOf(presence).at}+this.#i]===1?${view}:null`}`
  }
  const top = classOf(records.root)
  const forget = mayKeep ? `rows.length=0;${pools.map((_, id) => `pool${id}.length=0;made${id}=0;`).join('')}` : ''
  return `(function(F,U,L,{apply,sliceArray,fromCharCode},{text,bytes},{wrap,mark,close,reachAll,stale}){
let epoch=0
const ascii=[]
for(let i=0;i<128;i++)ascii[i]=fromCharCode(i)
const missing=i=>U[2*i+1]===${NULL_HIGH}?null:NaN
${classes.join('\n')}
${closings.join('\n')}
${pools.join('\n')}
const rows=[]
return {begin(n){epoch++;${forget}for(let i=rows.length;i<n;i++)rows[i]=wrap(new Record${top}(i),H${top});return rows}}
})`
}
