// Inside an isolate, first of all: what our own code there needs from the language, taken before an author can change it.
/* oxlint-disable typescript/unbound-method -- methods are taken off their prototypes here on purpose; they are called through `apply` */

/** Our code calls only what it got here, through `apply`; it never looks a method up on an object an author could have altered. */
export function capture() {
  const { apply, construct, defineProperty, deleteProperty, get, getOwnPropertyDescriptor, setPrototypeOf } = Reflect
  return {
    apply,
    construct,
    defineProperty,
    deleteProperty,
    getOwnPropertyDescriptor,
    reflectGet: get,
    setPrototypeOf,
    freeze: Object.freeze,
    preventExtensions: Object.preventExtensions,
    hasOwn: Object.hasOwn,
    isArray: Array.isArray,
    isFinite: Number.isFinite,
    toText: String,
    stringify: JSON.stringify,
    fromCharCode: String.fromCharCode,
    sliceText: String.prototype.slice,
    split: String.prototype.split,
    indexOf: String.prototype.indexOf,
    startsWith: String.prototype.startsWith,
    charCodeAt: String.prototype.charCodeAt,
    sliceArray: Array.prototype.slice,
    fill: Float64Array.prototype.fill,
    subarrayUnits: Uint16Array.prototype.subarray,
    subarrayBytes: Uint8Array.prototype.subarray,
    Units: Uint16Array,
    Bytes: Uint8Array,
    Doubles: Float64Array,
    Longs: BigInt64Array,
    Words: Uint32Array,
    imul: Math.imul,
    TypeError,
    Object,
    Proxy,
  }
}

export type Primordials = ReturnType<typeof capture>
