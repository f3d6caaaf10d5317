// Reports as files, line by line.
import type { TimerRow } from '../ticket/queries.js'
import { type Cell, csvLine } from './csv.js'
import type { Names } from './names.js'
import { groups } from './query.js'
import type { Figures } from './report.js'
import { type ShownTimer, shownTimer } from './shown.js'

type Column<Row> = readonly [name: string, of: (row: Row) => Cell]

const figureColumns: readonly Column<Figures>[] = [
  ['metric', ({ metric }) => metric],
  ['period', ({ period }) => period],
  ['begin', ({ from }) => from],
  ['end', ({ to }) => to],
  ...groups.flatMap((one): Column<Figures>[] => [
    [one, (row) => row.groups[one]?.name],
    [`${one}_id`, (row) => row.groups[one]?.id],
  ]),
  ['timers', ({ timers }) => timers],
  ['met', ({ met }) => met],
  ['missed', ({ missed }) => missed],
  ['stopped', ({ stopped }) => stopped],
  ['cancelled', ({ cancelled }) => cancelled],
  ['running', ({ running }) => running],
  ['share_met', ({ shareMet }) => shareMet],
  ['business_median_ms', ({ businessMs }) => businessMs.median],
  ['business_p90_ms', ({ businessMs }) => businessMs.p90],
  ['wall_median_ms', ({ wallMs }) => wallMs.median],
  ['wall_p90_ms', ({ wallMs }) => wallMs.p90],
]

const timerNames = [
  ...(['number', 'ticketId', 'metric', 'cycle', 'outcome', 'countedAt', 'state', 'policy', 'team'] as const),
  ...(['agent', 'inbox', 'channel', 'startedAt', 'dueAt', 'stoppedAt', 'breachedAt'] as const),
  ...(['targetMs', 'consumedMs', 'wallMs'] as const),
]
const snake = (name: string) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
const timerColumns = timerNames.map((name): Column<ShownTimer> => [snake(name), (row) => row[name]])

export async function* reportFile(rows: readonly Figures[]): AsyncGenerator<string> {
  yield csvLine(figureColumns.map(([name]) => name))
  for (const row of rows) yield csvLine(figureColumns.map(([, of]) => of(row)))
}

export async function* timersFile(rows: AsyncIterable<TimerRow>, names: Names): AsyncGenerator<string> {
  yield csvLine(timerColumns.map(([name]) => name))
  for await (const row of rows) {
    const shown = shownTimer(row, names)
    yield csvLine(timerColumns.map(([, of]) => of(shown)))
  }
}
