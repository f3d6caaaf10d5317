// Services between plugins: a typed token that one provides and others use.
export interface Service<Interface, Name extends string = string> {
  readonly kind: 'service'
  readonly name: Name
  /** Never set: carries the type. */
  readonly type?: (it: Interface) => Interface
}

/**
 * @param name with the prefix of the plugin that provides it: `sla.calendar`.
 *
 * @example
 * ```ts
 * export interface Calendar {
 *   isOpen(at: Date): boolean
 * }
 * export const calendar = defineService<Calendar>()('sla.calendar')
 *
 * // In the plugin `sla`: app.provide(calendar, { isOpen: … }). In one that requires it: app.use(calendar).isOpen(now)
 * ```
 */
export const defineService =
  <Interface>() =>
  <const Name extends `${string}.${string}`>(name: Name): Service<Interface, Name> => ({
    kind: 'service',
    name,
  })
