// CSV (RFC 4180) that a spreadsheet can open without running what somebody wrote into a name.

export type Cell = string | number | null | undefined

export const csvLine = (cells: readonly Cell[]): string => `${cells.map(cellOf).join(',')}\r\n`

function cellOf(cell: Cell): string {
  if (typeof cell === 'number') return String(cell)
  const text = guarded(cell ?? '')
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}

/** What begins like a formula would be one: with an apostrophe it is text. */
const guarded = (text: string): string => (/^[=+\-@\t\r]/.test(text) ? `'${text}` : text)

/** Of a route that answers such a file. */
export const csvAnswer = (filename: string) => ({ produces: 'text/csv; charset=utf-8', filename })
