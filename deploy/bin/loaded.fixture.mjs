// Loaded before a command: when that ends, it says on stderr which modules it loaded.
import { registerHooks } from 'node:module'

const loaded = []
registerHooks({
  load: (url, context, next) => {
    loaded.push(url)
    return next(url, context)
  },
})
process.on('exit', () => process.stderr.write(`\nLOADED ${JSON.stringify(loaded)}\n`))
