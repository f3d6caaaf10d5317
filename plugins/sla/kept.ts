// Versions never change, so what was read of them is kept in memory. The key says what it is, not only its number: a
// number that was rolled back is given again, to something else.

export class Kept<Value> {
  readonly #values = new Map<string, Value>()

  constructor(readonly most: number) {}

  /** @param load reads those that are not known yet, by the same key. */
  async all<Ref>(
    refs: readonly Ref[],
    keyOf: (ref: Ref) => string,
    load: (missing: readonly Ref[]) => Promise<ReadonlyMap<string, Value>>,
  ): Promise<Value[]> {
    const missing = refs.filter((ref) => !this.#values.has(keyOf(ref)))
    const loaded = missing.length > 0 ? await load(missing) : new Map<string, Value>()
    const found = refs.map((ref) => (this.#values.get(keyOf(ref)) ?? loaded.get(keyOf(ref)))!)
    if (this.#values.size + loaded.size > this.most) this.#values.clear()
    for (const [key, value] of loaded) this.#values.set(key, value)
    return found
  }
}
