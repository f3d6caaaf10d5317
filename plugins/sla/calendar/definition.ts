// A calendar as an administrator writes it. The schema bounds its size; what it means is checked by check.ts, which
// can say more than that a pattern does not fit.
import Type, { type Static } from 'typebox'
import type { Window } from './hours.js'

const strict = <T extends Parameters<typeof Type.Object>[0]>(properties: T, description?: string) =>
  Type.Object(properties, { additionalProperties: false, ...(description && { description }) })

const window = Type.Unsafe<Window>({
  type: 'array',
  items: { type: 'string', maxLength: 20 },
  minItems: 2,
  maxItems: 2,
  description: 'From opening to closing, `HH:MM`; the closing time can be `24:00`.',
  examples: [['09:00', '17:00']],
})
const windows = Type.Array(window, {
  maxItems: 24,
  description:
    'In order of time. A night shift is two windows: one to `24:00`, one from `00:00` of the next day.',
})
const day = () => Type.Optional(windows)

export const MOST_HOLIDAYS = 1000

export const definitionSchema = strict({
  timeZone: Type.String({ maxLength: 100, description: 'IANA name.', examples: ['Europe/Berlin'] }),
  hours: strict(
    { mon: day(), tue: day(), wed: day(), thu: day(), fri: day(), sat: day(), sun: day() },
    'Opening hours of each day of the week, in civil time. A day that is left out is closed.',
  ),
  holidays: Type.Optional(
    Type.Array(
      strict({
        date: Type.String({
          maxLength: 20,
          description: '`YYYY-MM-DD`, or `MM-DD` for every year; `02-29` is closed in leap years.',
          examples: ['2026-05-01', '12-25'],
        }),
        name: Type.Optional(Type.String({ minLength: 1, maxLength: 100 })),
      }),
      { maxItems: MOST_HOLIDAYS, description: 'Days that are closed.' },
    ),
  ),
  publicHolidays: Type.Optional(
    strict(
      {
        country: Type.String({ maxLength: 20, description: 'ISO 3166-1.', examples: ['DE'] }),
        region: Type.Optional(
          Type.String({
            maxLength: 20,
            description: 'ISO 3166-2 without the country; `BY-A` where a region has parts.',
            examples: ['BE'],
          }),
        ),
      },
      'Also closed on the public holidays of this country or region.',
    ),
  ),
  feed: Type.Optional(
    strict(
      {
        url: Type.String({ maxLength: 2000, examples: ['https://hotel.example/closed.ics'] }),
        includeFree: Type.Optional(
          Type.Boolean({
            default: false,
            description:
              'Whether events that are marked as free (`TRANSP:TRANSPARENT`) count. Public feeds of holidays often mark all of theirs so.',
          }),
        ),
      },
      'Also closed on the days of this iCalendar feed, which is read every six hours.',
    ),
  ),
  openOn: Type.Optional(
    Type.Array(Type.String({ maxLength: 20, examples: ['2026-12-24'] }), {
      maxItems: 366,
      description:
        'Dates (or `MM-DD` for every year) with the usual hours of their weekday, though a public holiday, the feed or the file would close them.',
    }),
  ),
  breaks: Type.Optional(
    Type.Unsafe<Readonly<Record<string, readonly Window[]>>>({
      type: 'object',
      additionalProperties: windows,
      maxProperties: MOST_HOLIDAYS,
      description: 'By date: windows that are taken out of its opening hours.',
      examples: [{ '2026-03-11': [['14:00', '15:30']] }],
    }),
  ),
  minutesPerDay: Type.Optional(
    Type.Integer({
      minimum: 1,
      maximum: 1440,
      description: 'What "a business day" counts. Default: the mean of the days of the week that are open.',
    }),
  ),
})

export type CalendarDefinition = Static<typeof definitionSchema>

export interface FieldError {
  /** Where in the request: `body/definition/hours/mon/0`. */
  readonly field: string
  readonly message: string
}
