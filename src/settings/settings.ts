// The settings of this desk: read from memory, written through the database, the same in every process within
// seconds.
import { eq } from 'drizzle-orm'
import Value from 'typebox/value'
import { SECOND } from '../clock.js'
import type { Db, Tx } from '../db/types.js'
import { fail } from '../errors.js'
import type { Setting } from './define.js'
import type { Secrets } from './secrets.js'

/** Shown instead of a secret that is set. */
const HIDDEN = '***'
const REFRESH_MS = 2 * SECOND

export class Settings {
  readonly #known = new Map<string, Setting<unknown>>()
  #values = new Map<string, unknown>()
  /** Loads that were begun; one that is overtaken by a later one brings old values. */
  #begun = 0
  #loaded = 0
  #timer: NodeJS.Timeout | undefined

  constructor(
    private readonly db: Db,
    settings: readonly Setting<never>[],
    private readonly secrets: Pick<Secrets, 'seal' | 'open'>,
  ) {
    for (const setting of settings) this.add(setting as Setting<unknown>)
    db.onCommit('settings', () => void this.load().catch(() => {}))
  }

  add(setting: Setting<unknown>): void {
    if (this.#known.has(setting.key)) throw new Error(`the setting "${setting.key}" is defined twice`)
    this.#known.set(setting.key, setting)
  }

  /** Loads now, and again every two seconds: another process may have changed one. */
  async start(): Promise<void> {
    await this.load()
    this.#timer = setInterval(() => void this.load().catch(() => {}), REFRESH_MS).unref()
  }

  stop(): void {
    clearInterval(this.#timer)
  }

  async load(): Promise<void> {
    const turn = ++this.#begun
    const rows = await this.db.select().from(this.db.t.settings)
    if (turn < this.#loaded) return
    this.#loaded = turn
    const values = new Map<string, unknown>()
    for (const { key, value } of rows) {
      const setting = this.#known.get(key)
      if (!setting) continue
      const plain = setting.secret ? this.#open(value) : value
      // A value that a former version stored and that no longer fits is not obeyed.
      if (Value.Check(setting.schema, plain)) values.set(key, plain)
    }
    this.#values = values
  }

  /** Undefined for what was sealed with another key: then the default counts. */
  #open(sealed: unknown): unknown {
    try {
      return JSON.parse(this.secrets.open(String(sealed)))
    } catch {
      return undefined
    }
  }

  get<T>(setting: Setting<T>): T {
    return this.#values.has(setting.key) ? (this.#values.get(setting.key) as T) : setting.fallback
  }

  /** The value of a setting that is known by its key only. */
  byKey(key: string): unknown {
    const setting = this.#known.get(key)
    if (!setting) throw new Error(`there is no setting "${key}"`)
    return this.get(setting)
  }

  all(): { key: string; description: string; value: unknown; fallback: unknown; schema: unknown }[] {
    return [...this.#known.values()].map((s) => ({
      key: s.key,
      description: s.description,
      value: s.secret ? (this.#values.has(s.key) ? HIDDEN : null) : this.get(s),
      fallback: s.secret ? null : s.fallback,
      schema: s.secret ? { ...s.schema, default: undefined } : s.schema,
    }))
  }

  /** @throws DeskError `setting_invalid`, naming the key and what is wrong with the value. */
  async set(tx: Tx, key: string, value: unknown, agentId: string | null): Promise<void> {
    const setting = this.#known.get(key)
    if (!setting) throw invalid(key, 'there is no such setting')
    // What was shown comes back with the rest of a form: the secret stays as it is.
    if (setting.secret && value === HIDDEN) return
    const problem = Value.Errors(setting.schema, value)[0]
    if (problem) throw invalid(key, `${problem.instancePath || 'the value'} ${problem.message}`)
    const kept = setting.secret ? this.secrets.seal(JSON.stringify(value)) : value
    const row = { value: kept, updatedAt: tx.now, updatedBy: agentId }
    await tx
      .insert(tx.t.settings)
      .values({ key, ...row })
      .onConflictDoUpdate({ target: tx.t.settings.key, set: row })
    tx.announce('settings')
  }

  /** Back to the default. */
  async unset(tx: Tx, key: string): Promise<void> {
    if (!this.#known.has(key)) throw invalid(key, 'there is no such setting')
    await tx.delete(tx.t.settings).where(eq(tx.t.settings.key, key))
    tx.announce('settings')
  }
}

const invalid = (key: string, message: string) =>
  fail('setting_invalid', `${key}: ${message}`, { errors: [{ field: `body/${key}`, message }] })
