// Source text of a filter's views: objects that look like the record, over the cells of its mailbox. Generated with offsets as literals, because getters
// made by a loop share one feedback vector and are 3-5 times slower. Names whose values are not carried cost nothing here: records.ts answers for them.
import { MAX_LIST_ROWS, NULL_HIGH } from '../../batch.ts'
import { type Cell, type ListCells } from '../host/mailbox.ts'
import { lateOf, lateWithin, type Member, type Place, type RecordNode, type RecordTree } from '../host/record-tree.ts'

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

/** A function `(cells, words, longs, primordials, blobs, records) => views`; see `Views` in runner.ts. */
export function viewSource({ root }: RecordTree): string {
  const classes: string[] = []
  const closings: string[] = []
  const pools: string[] = []
  const classOf = (node: RecordNode): number => {
    const index = classes.push('') - 1
    const privates = ['#i']
    const made: string[] = []
    const getters: string[] = []
    const json: string[] = []
    for (const [name, member] of node.members) {
      if (lateOf(member) >= 0) continue
      // A computed key, since some names (`constructor`, `__proto__`) mean something else as plain ones.
      const key = `[${JSON.stringify(name)}]`
      getters.push(`get ${key}(){${getterOf(member, privates, made)}}`)
      json.push(`${key}:this${key}`)
    }
    const late = lateWithin(node)
    const toJSON = late.length > 0 ? `return reachAll(${JSON.stringify(runsOf(late))})` : `return {${json.join(',')}}`
    const carried = [...node.members].flatMap(([name, member]) => (lateOf(member) < 0 ? [name] : []))
    classes[index] =
      `class Record${index}{${privates.join(';')};constructor(i){this.#i=i;${made.join(';')};mark(this)}\n${getters.join('\n')}\n}`
    closings.push(
      `const H${index}=close(Record${index},{where:${JSON.stringify(node.where)},carried:${JSON.stringify(carried)},names:${JSON.stringify(namesOf(node))},toJSON(){${toJSON}}})`,
    )
    return index
  }
  const getterOf = (member: Member, privates: string[], made: string[]): string => {
    if (member.kind === 'field') {
      const { cell } = carried(member.place)
      return READ[cell.kind](cell.at)
    }
    if (member.kind === 'list') {
      const id = pools.push('') - 1
      pools[id] = poolSource(id, classOf(member.item))
      return readList(id, carried(member.place).cell)
    }
    const slot = `#r${privates.push(`#r${privates.length}`) - 1}`
    const { record } = member
    const inner = classOf(record)
    made.push(`this.${slot}=wrap(new Record${inner}(i),H${inner})`)
    const view = `this.${slot}`
    return `return ${record.present ? `F[${carried(record.present).cell.at}+this.#i]===1?${view}:null` : view}`
  }
  const top = classOf(root)
  return `(function(F,U,L,{apply,sliceArray,fromCharCode},{text,bytes},{wrap,mark,close,reachAll}){
let epoch=0
const ascii=[]
for(let i=0;i<128;i++)ascii[i]=fromCharCode(i)
const missing=i=>U[2*i+1]===${NULL_HIGH}?null:NaN
${classes.join('\n')}
${closings.join('\n')}
${pools.join('\n')}
const rows=[]
return {begin(n){epoch++;for(let i=rows.length;i<n;i++)rows[i]=wrap(new Record${top}(i),H${top});return rows}}
})`
}

/** Names in the order of the schema, with the numbers of those whose values are not carried. As one text, since few isolates ever look into it. */
const namesOf = ({ members }: RecordNode): string =>
  [...members].map(([name, member]) => (lateOf(member) < 0 ? name : `${name}:${lateOf(member)}`)).join(' ')

/** Numbers as the ends of runs of them: 3 4 5 9 → 3 6 9 10. */
function runsOf(numbers: readonly number[]): number[] {
  const runs: number[] = []
  for (const number of numbers)
    if (runs.at(-1) === number) runs[runs.length - 1] = number + 1
    else runs.push(number, number + 1)
  return runs
}

/** Of a member that can be asked. */
function carried<T>(place: Place<T>): { readonly cell: T } {
  if ('cell' in place) return place
  throw new TypeError('a value that is not carried has no getter')
}
