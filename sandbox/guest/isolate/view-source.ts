// Source text of a filter's views: objects that look like the record, over the cells of its mailbox. Generated with offsets as literals, because getters
// made by a loop share one feedback vector and are 3-5 times slower.
import { MAX_LIST_ROWS, NULL_HIGH } from '../../batch.ts'
import { type Cell, type ListCells, type MailboxPlan } from '../host/mailbox.ts'

interface RecordNode {
  /** Cell that says whether the nested record is there. */
  present?: Cell
  readonly fields: Map<string, Cell>
  readonly records: Map<string, RecordNode>
  readonly lists: Map<string, ListCells>
}

const emptyRecord = (): RecordNode => ({ fields: new Map(), records: new Map(), lists: new Map() })

function recordAt(root: RecordNode, path: readonly string[]): RecordNode {
  let node = root
  for (const name of path) {
    let inner = node.records.get(name)
    if (inner === undefined) node.records.set(name, (inner = emptyRecord()))
    node = inner
  }
  return node
}

function recordOf(cells: readonly Cell[], lists: readonly ListCells[]): RecordNode {
  const root = emptyRecord()
  for (const cell of cells) {
    const path = cell.path.split('.')
    if (cell.kind === 'present') recordAt(root, path).present = cell
    else recordAt(root, path.slice(0, -1)).fields.set(path.at(-1) ?? '', cell)
  }
  for (const list of lists) {
    const path = list.path.split('.')
    recordAt(root, path.slice(0, -1)).lists.set(path.at(-1) ?? '', list)
  }
  return root
}

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
const poolSource = (id: number, item: string): string =>
  // Room is made in few large steps: what an array grows out of stays on the heap for long.
  `const pool${id}=[];let made${id}=0,array${id}=null,row${id}=-1,epoch${id}=-1
const grow${id}=n=>{if(pool${id}.length<n)pool${id}.length=n<${MAX_LIST_ROWS / 4}?4*n:${MAX_LIST_ROWS};for(;made${id}<n;made${id}++)pool${id}[made${id}]=new ${item}(made${id})}`

/** Only one array is kept, because arrays that outlive their row would be promoted and fill the heap. */
const readList = (id: number, { starts, counts }: ListCells): string =>
  `const i=this.#i;if(row${id}===i&&epoch${id}===epoch)return array${id};const n=F[${counts}+i],s=F[${starts}+i];if(n>0&&made${id}<s+n)grow${id}(s+n);` +
  // Remembered last: an author's stack may overflow anywhere before.
  `const a=n<0?null:apply(sliceArray,pool${id},[s,s+n]);row${id}=-1;array${id}=a;epoch${id}=epoch;row${id}=i;return a`

/** A function `(cells, words, longs, primordials, blobs) => views`; see `Views` in runner.ts. */
export function viewSource(plan: MailboxPlan): string {
  const classes: string[] = []
  const pools: string[] = []
  const classOf = (node: RecordNode): string => {
    const name = `Record${classes.length}`
    const index = classes.push('') - 1
    const privates = ['#i']
    const made: string[] = []
    const members: string[] = []
    const json: string[] = []
    for (const [field, cell] of node.fields) {
      const key = JSON.stringify(field)
      members.push(`get ${key}(){${READ[cell.kind](cell.at)}}`)
      json.push(cell.kind === 'long' ? `${key}:decimal(this[${key}])` : `${key}:this[${key}]`)
    }
    for (const [field, inner] of node.records) {
      const key = JSON.stringify(field)
      const slot = `#r${privates.push(`#r${privates.length}`) - 1}`
      made.push(`this.${slot}=new ${classOf(inner)}(i)`)
      const view = `this.${slot}`
      members.push(`get ${key}(){return ${inner.present ? `F[${inner.present.at}+this.#i]===1?${view}:null` : view}}`)
      json.push(`${key}:this[${key}]`)
    }
    for (const [field, list] of node.lists) {
      const key = JSON.stringify(field)
      const id = pools.length
      pools.push('')
      pools[id] = poolSource(id, classOf(recordOf(list.cells, [])))
      members.push(`get ${key}(){${readList(id, list)}}`)
      json.push(`${key}:this[${key}]`)
    }
    members.push(`toJSON(){return {${json.join(',')}}}`)
    classes[index] =
      `class ${name}{${privates.join(';')};constructor(i){this.#i=i;${made.join(';')};preventExtensions(this)}\n${members.join('\n')}\n}\nclose(${name})`
    return name
  }
  const root = classOf(recordOf(plan.cells, plan.lists))
  // An inner class is used by the outer one's constructor: defined last to first.
  return `(function(F,U,L,{apply,sliceArray,defineProperty,preventExtensions,freeze,fromCharCode,toText},{text,bytes}){
let epoch=0
const ascii=[]
for(let i=0;i<128;i++)ascii[i]=fromCharCode(i)
const missing=i=>U[2*i+1]===${NULL_HIGH}?null:NaN
const decimal=v=>v===null?null:toText(v)
const close=C=>{for(const key of Object.getOwnPropertyNames(C.prototype))if(key!=='constructor'&&key!=='toJSON')defineProperty(C.prototype,key,{enumerable:true})
defineProperty(C.prototype,'constructor',{value:Object});freeze(C.prototype)}
${classes.toReversed().join('\n')}
${pools.join('\n')}
const rows=[]
return {begin(n){epoch++;for(let i=rows.length;i<n;i++)rows[i]=new ${root}(i);return rows}}
})`
}
