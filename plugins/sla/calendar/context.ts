// What the parts of the calendars share.
import type { Job, PluginTx } from 'frontdesk/plugin'
import type { App } from '../app.js'
import type { FetchFeed } from './net/fetch.js'

export interface CalendarOptions {
  /** In the transaction that makes the version: what is due by the calendar is due at other times now. */
  onNewVersion?(tx: PluginTx, calendarId: string, version: number): Promise<void>
  fetch?: FetchFeed
}

export interface Context extends CalendarOptions {
  readonly app: App
  readonly fetch: FetchFeed
  readonly jobs: { readonly feed: Job<FeedData> }
}

export interface FeedData {
  calendarId: string
}
