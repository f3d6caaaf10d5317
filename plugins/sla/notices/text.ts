// The digest in words: by ticket, what is done already marked so.
import type { TicketView } from 'frontdesk/plugin'
import type { NoticeRow } from './list.js'

/** @param more how many others there are that found no place. */
export function textOf(
  rows: readonly NoticeRow[],
  isOpen: (row: NoticeRow) => boolean,
  tickets: ReadonlyMap<string, TicketView>,
  more: number,
): { subject: string; text: string } {
  const byTicket = new Map<string, NoticeRow[]>()
  for (const row of rows) byTicket.set(row.ticketId, [...(byTicket.get(row.ticketId) ?? []), row])
  const parts = [...byTicket.values()].map((notices) => {
    const { ticketId, number } = notices[0]!
    const lines = notices.map((one) => `- ${one.text}${isOpen(one) ? '' : ' (done meanwhile)'}`)
    return [`#${number} ${tickets.get(ticketId)?.subject ?? ''}`.trimEnd(), ...lines].join('\n')
  })
  const waiting = [...byTicket.values()].filter((notices) => notices.some(isOpen)).length
  const rest = more > 0 ? [`And ${more} more; see your list of notices.`] : []
  return {
    subject: waiting === 1 ? '1 ticket waits for you' : `${waiting} tickets wait for you`,
    text: [...parts, ...rest].join('\n\n'),
  }
}
