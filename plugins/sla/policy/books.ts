// The list of policies in all its states: an edit writes the whole list anew, so that a ticket can be bound to one.
import { inArray, max } from 'drizzle-orm'
import { fail, type PluginReader, type PluginTx } from 'frontdesk/plugin'
import type { App } from '../app.js'
import { Kept } from '../kept.js'
import type { Book } from '../ticket/assign.js'
import type { Queries } from '../ticket/queries.js'
import type { Policy } from './policy.js'

const NONE: Book = { revision: 0, at: 0, policies: [] }
const MOST_KEPT = 2000

export class Books {
  readonly #kept = new Kept<readonly Policy[]>(MOST_KEPT)

  constructor(
    readonly app: App,
    readonly queries: Queries,
  ) {}

  async newest(r: PluginReader): Promise<Book> {
    const [newest] = await r
      .select({ revision: max(this.app.tables.books.revision) })
      .from(this.app.tables.books)
    return (await this.since(r, newest?.revision ?? 0)).at(-1) ?? NONE
  }

  /** The book with this revision and all that came after it, the oldest first; none before the first policy. */
  async since(r: PluginReader, revision: number): Promise<Book[]> {
    const found = await this.#read(r, await r.run(this.queries.booksSince, { revision }))
    return revision === 0 ? [NONE, ...found] : found
  }

  /**
   * @param seen the revision that was changed.
   * @throws DeskError `version_conflict` when somebody else has changed it meanwhile.
   */
  async save(tx: PluginTx, seen: number, policies: readonly Policy[], agentId: string): Promise<void> {
    const { books } = this.app.tables
    const saved = await tx
      .insert(books)
      .values({ revision: seen + 1, at: tx.now, policies: [...policies], agentId })
      .onConflictDoNothing()
      .returning({ revision: books.revision })
    if (saved.length === 0)
      throw fail(
        'version_conflict',
        'Somebody else changed the policies at this moment. Look, and try again.',
      )
  }

  async #read(r: PluginReader, refs: readonly { revision: number; at: Date }[]): Promise<Book[]> {
    const { books } = this.app.tables
    const keyOf = (ref: { revision: number; at: Date }) => `${ref.revision}:${ref.at.getTime()}`
    const lists = await this.#kept.all(refs, keyOf, async (missing) => {
      const rows = await r
        .select()
        .from(books)
        .where(
          inArray(
            books.revision,
            missing.map(({ revision }) => revision),
          ),
        )
      return new Map(rows.map((row) => [keyOf(row), row.policies]))
    })
    return refs.map(({ revision, at }, i) => ({ revision, at: at.getTime(), policies: lists[i]! }))
  }
}
