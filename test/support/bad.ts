// Bad values for a JSON schema, and bad requests that no schema is needed for.

export interface Schema {
  type?: string | string[]
  properties?: Record<string, Schema>
  required?: string[]
  items?: Schema
  anyOf?: Schema[]
  enum?: unknown[]
  additionalProperties?: unknown
  minLength?: number
  maxLength?: number
  maxItems?: number
  minItems?: number
  minimum?: number
  maximum?: number
  pattern?: string
  format?: string
}

export interface Bad {
  what: string
  value: unknown
  /** Where the answer must say that it is wrong. */
  field: string
}

const NUL = 'a\0b'
const HALF = 'a\ud800b'
/** Instants that a date parser, JavaScript or a database stumbles over. */
export const NO_INSTANTS = [
  'yesterday',
  '2026-13-01T00:00:00Z',
  '2016-12-31T23:59:60Z',
  '0000-01-01T00:00:00Z',
  '9999-12-31T23:59:59-14:00',
  '+275760-09-14T00:00:00Z',
]

/** Values that do not fit `schema`, one thing wrong in each. */
export function badValues(schema: Schema, field: string): Bad[] {
  const bad = (what: string, value: unknown): Bad => ({ what, value, field })
  if (schema.anyOf) {
    const [real] = schema.anyOf.filter(({ type }) => type !== 'null')
    return badValues(real!, field).filter(({ value }) => value !== null)
  }
  if (Array.isArray(schema.type)) {
    const [type] = schema.type.filter((one) => one !== 'null')
    return badValues({ ...schema, type: type! }, field).filter(({ value }) => value !== null)
  }
  const types = [5, true, 'x', [1], { x: 1 }, null]
    .filter((value) => kindOf(value) !== schema.type)
    .map((value) => bad(`${JSON.stringify(value)} for ${schema.type}`, value))
  switch (schema.type) {
    case 'string':
      return [
        ...types,
        bad('NUL', NUL),
        bad('half of a surrogate pair', HALF),
        bad('a string too long', 'x'.repeat((schema.maxLength ?? 100_000) + 1)),
        ...(schema.minLength ? [bad('an empty string', '')] : []),
        ...(schema.format === 'date-time' ? NO_INSTANTS.map((text) => bad(text, text)) : []),
      ]
    case 'integer':
      return [
        ...types,
        ...['5', 1.5, 1e300, ...(schema.minimum === undefined ? [] : [schema.minimum - 1, -(2 ** 40)])].map(
          (value) => bad(String(value), value),
        ),
        ...(schema.maximum === undefined ? [] : [bad('too large', schema.maximum + 1)]),
      ]
    case 'array':
      return [
        ...types,
        ...(schema.maxItems
          ? [
              bad(
                'too many',
                Array.from({ length: schema.maxItems + 1 }, (_, i) => `v${i}`),
              ),
            ]
          : []),
        ...(schema.minItems ? [bad('none', [])] : []),
        ...badValues(schema.items!, `${field}/0`).map((one) => ({ ...one, value: [one.value] })),
        bad('nested too deep', nested(1000)),
      ]
    case 'object':
      return [...types, bad('nested too deep', { x: nested(1000) }), ...badProperties(schema, {}, field)]
    default:
      return types
  }
}

/** `valid` with one property wrong, missing, or too many. */
export function badProperties(schema: Schema, valid: Record<string, unknown>, field: string): Bad[] {
  const cases: Bad[] = []
  for (const [name, inner] of Object.entries(schema.properties ?? {}))
    for (const one of badValues(inner, `${field}/${name}`))
      cases.push({ ...one, what: `${name}: ${one.what}`, value: { ...valid, [name]: one.value } })
  for (const name of schema.required ?? []) {
    const { [name]: _, ...rest } = valid
    cases.push({ what: `no ${name}`, value: rest, field: `${field}/${name}` })
  }
  if (schema.additionalProperties === false)
    cases.push({ what: 'a surprise', value: { ...valid, surprise: 1 }, field: `${field}/surprise` })
  return cases
}

const kindOf = (value: unknown) =>
  value === null
    ? 'null'
    : Array.isArray(value)
      ? 'array'
      : typeof value === 'number'
        ? 'integer'
        : typeof value

function nested(depth: number): unknown {
  let value: unknown = 'x'
  for (let i = 0; i < depth; i++) value = [value]
  return value
}

/** Strings of a schema that nothing bounds. */
export function unbounded(schema: Schema, at: string): string[] {
  if (schema.type === 'string' && !schema.maxLength && !schema.enum && !schema.format && !schema.pattern)
    return [at]
  return [
    ...Object.entries(schema.properties ?? {}).flatMap(([name, inner]) => unbounded(inner, `${at}/${name}`)),
    ...(schema.items ? unbounded(schema.items, `${at}/0`) : []),
    ...(schema.anyOf ?? []).flatMap((inner) => unbounded(inner, at)),
  ]
}

export interface BadBody {
  what: string
  payload: string | Buffer
  type?: string
  status: number[]
}

/** Bodies that no route takes, whatever its schema. */
export const noBodies: BadBody[] = [
  { what: 'half of an object', payload: '{', status: [400] },
  { what: 'NaN', payload: '{"version":NaN}', status: [400] },
  { what: 'an empty body', payload: '', status: [400] },
  { what: 'a NUL byte', payload: '{"a":"\0"}', status: [400] },
  { what: '__proto__', payload: '{"__proto__":{"admin":true}}', status: [400] },
  { what: 'constructor', payload: '{"constructor":{"prototype":{"admin":true}}}', status: [400] },
  { what: 'text', payload: 'hello', type: 'text/plain', status: [415] },
  { what: 'XML', payload: '<x/>', type: 'application/xml', status: [415] },
  { what: 'a form', payload: 'a=1', type: 'application/x-www-form-urlencoded', status: [415] },
  { what: 'no type at all', payload: 'a', type: 'nonsense', status: [415] },
  { what: '3 MB of JSON', payload: `{"a":"${'x'.repeat(3e6)}"}`, status: [413, 415] },
]

/** Bodies that are JSON, and no object of any route with a schema. */
export const noObjects: BadBody[] = [
  ...['[]', '[{}]', '5', 'null', 'true', '"text"'].map((payload) => ({
    what: payload,
    payload,
    status: [400, 413, 415],
  })),
  { what: 'deep arrays', payload: `${'['.repeat(10_000)}${']'.repeat(10_000)}`, status: [400, 413, 415] },
  {
    what: 'deep objects',
    payload: `${'{"a":'.repeat(10_000)}1${'}'.repeat(10_000)}`,
    status: [400, 413, 415, 422],
  },
]

/** What stands where an id should be, as it is written in a path. */
export const noIds = [
  "1'%20or%20'1'='1",
  '%3Bdrop%20table%20tickets%3B--',
  '..%2F..%2F..%2Fetc%2Fpasswd',
  '..%5c..%5cwindows',
  '%00',
  '1%00',
  '%ed%a0%80',
  '%E0%A4%A',
  '%',
  '__proto__',
  'constructor',
  'toString',
  '-1',
  '0',
  '1e3',
  'NaN',
  '9'.repeat(15),
  '9'.repeat(30),
  '%F0%9F%98%80',
  '%0d%0aset-cookie:x',
  'x'.repeat(65),
  'x'.repeat(5000),
]

const cursor = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
export const noCursors = [
  'x',
  '!',
  '%00',
  "'%20or%201=1",
  'A'.repeat(5000),
  Buffer.from('x'.repeat(36)).toString('base64url'),
  cursor(null),
  cursor([]),
  cursor({}),
  cursor(['-created', 'x', 'y']),
  cursor(['-created', 1, 9e15]),
  cursor(['-created', 1e300, 1]),
  cursor(['created', 1, 1]),
  cursor(['-updated', 1, 1]),
]

export const noKeys = ['', ' ', 'two words', 'ä', 'x'.repeat(201), 'tab\there']
