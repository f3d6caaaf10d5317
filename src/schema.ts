// What is wrong with a value, in words that help. Of a union a schema checker only says that no branch fits: here it is
// told which words are allowed, or what is wrong with the shape that was meant.
import type { TSchema } from 'typebox'
import Value from 'typebox/value'

export interface Problem {
  /** JSON pointer into the value; empty: the value itself. */
  readonly at: string
  readonly message: string
}

/** @returns one for each place, at most some; none where the value fits. */
export function problemsOf(schema: TSchema, value: unknown, at = ''): Problem[] {
  const found = new Map<string, string>()
  const add = (problem: Problem) => {
    if (!found.has(problem.at)) found.set(problem.at, problem.message)
  }
  const unions = new Set<string>()
  for (const error of Value.Errors(schema, value)) {
    const union = unionOf(schema, value, error)
    if (!union) for (const name of namesOf(error)) add({ at: at + name, message: textOf(error) })
    else if (!unions.has(union.at)) {
      unions.add(union.at)
      ofUnion(union.branches, union.value, at + union.at).forEach(add)
    }
  }
  return [...found].map(([at, message]) => ({ at, message }))
}

type Failure = ReturnType<typeof Value.Errors>[number]
type Inner = Record<string, unknown>
interface Union {
  readonly at: string
  readonly branches: readonly Inner[]
  readonly value: unknown
}

/** The outermost union that an error belongs to; its place follows from the way through the schema. */
function unionOf(schema: TSchema, value: unknown, { keyword, schemaPath, instancePath }: Failure) {
  const [head = '', ...within] = schemaPath.split('/anyOf/')
  if (within.length === 0 && keyword !== 'anyOf') return undefined
  const path = head.split('/').slice(1)
  let inner: unknown = schema
  let depth = 0
  const step = () => {
    inner = (inner as Inner | undefined)?.[path.shift()!]
  }
  while (path.length > 0) {
    const way = path[0]!
    step()
    if (way === 'properties' || way === 'patternProperties' || Array.isArray(inner)) step()
    if (way !== 'allOf') depth++
  }
  const places = instancePath.split('/').slice(1, depth + 1)
  const there = places.reduce<unknown>((of, place) => (of as Inner | undefined)?.[place], value)
  const branches = (inner as Inner | undefined)?.anyOf
  if (there === undefined || !Array.isArray(branches)) return undefined
  return { at: places.map((place) => `/${place}`).join(''), branches, value: there } satisfies Union
}

function ofUnion(branches: readonly Inner[], value: unknown, at: string): Problem[] {
  const likely = branches.filter((one) => one.const === undefined && isOfType(value, one.type))
  const notNull = branches.filter(({ type }) => type !== 'null')
  const meant = likely.length === 1 ? likely[0] : notNull.length === 1 ? notNull[0] : undefined
  if (meant) return problemsOf(meant as TSchema, value, at)
  const key = typeof value === 'object' ? kindOf(likely) : undefined
  if (key === undefined) return [{ at, message: `must be ${anyOf(branches.flatMap(shownAs))}` }]
  const kind = (value as Inner)[key]
  const words = likely.map((one) => propertyOf(one, key)?.const)
  const branch = likely[words.indexOf(kind)]
  if (branch) return problemsOf(branch as TSchema, value, at)
  return [
    { at: `${at}/${key}`, message: `${kind === undefined ? 'is missing: ' : 'must be '}${anyOf(words)}` },
  ]
}

const propertyOf = ({ properties }: Inner, key: string) =>
  (properties as Record<string, Inner> | undefined)?.[key]

/** The property that says in each of them which one is meant. */
const kindOf = (objects: readonly Inner[]): string | undefined =>
  Object.keys((objects[0]?.properties as Inner | undefined) ?? {}).find((key) =>
    objects.every((one) => propertyOf(one, key)?.const !== undefined),
  )

function isOfType(value: unknown, type: unknown): boolean {
  if (type === 'array' || Array.isArray(value)) return type === 'array' && Array.isArray(value)
  if (type === 'null' || value === null) return type === 'null' && value === null
  return typeof value === (type === 'integer' ? 'number' : type)
}

const NAMES: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  integer: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  null: 'null',
}

function shownAs({ const: word, enum: words, type, required }: Inner): unknown[] {
  if (word !== undefined) return [word]
  if (Array.isArray(words)) return words
  if (type === 'object') return [`{ ${((required as string[] | undefined) ?? []).join(', ')} }`]
  return [NAMES[type as string] ?? 'something else']
}

const anyOf = (words: readonly unknown[]) => `${words.length > 1 ? 'one of ' : ''}${words.join(', ')}`

/** Which properties it is about; an empty name: the value itself. */
function namesOf({ keyword, instancePath, params }: Failure): string[] {
  const more = params as { additionalProperties?: string[]; requiredProperties?: string[] }
  const names =
    keyword === 'additionalProperties'
      ? more.additionalProperties
      : keyword === 'required'
        ? more.requiredProperties
        : undefined
  return names?.map((name) => `${instancePath}/${name}`) ?? [instancePath]
}

function textOf({ keyword, message, params }: Failure): string {
  const more = params as { allowedValue?: unknown; allowedValues?: unknown[] }
  switch (keyword) {
    // `boolean` is what a property that is not allowed at all is told.
    case 'additionalProperties':
    case 'boolean':
      return 'is not known here'
    case 'required':
      return 'is missing'
    case 'const':
      return `must be ${more.allowedValue}`
    case 'enum':
      return `must be ${anyOf(more.allowedValues ?? [])}`
    default:
      return message
  }
}
