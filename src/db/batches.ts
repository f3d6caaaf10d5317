// Many rows as few statements: their sizes are powers of two, so that a handful of prepared statements takes any number.

/** Far below what either database takes as parameters of one statement, whatever the columns. */
export const MOST_ROWS = 128

export function* batches<T>(rows: readonly T[], most = MOST_ROWS): Generator<readonly T[]> {
  let size = most
  for (let from = 0; from < rows.length; from += size) {
    while (size > rows.length - from) size /= 2
    yield rows.slice(from, from + size)
  }
}

/** `{ id0, key0, id1, … }`: the parameters of a statement with several rows. */
export function paramsOf(rows: readonly object[]): Record<string, unknown> {
  const params: Record<string, unknown> = {}
  for (let index = 0; index < rows.length; index++) {
    const row = rows[index] as Record<string, unknown>
    for (const name in row) params[numbered(name, index)] = row[name]
  }
  return params
}

/** Names are those of columns: few. Put together anew for each value they would cost more than the value. */
const known = new Map<string, string[]>()

function numbered(name: string, index: number): string {
  let names = known.get(name)
  if (!names) known.set(name, (names = []))
  return (names[index] ??= `${name}${index}`)
}
