// What administrators can set, and who may do what.
import Type from 'typebox'

const integer = (description: string, minimum: number, maximum: number, fallback: number) =>
  Type.Integer({ description, minimum, maximum, default: fallback })
const flag = (description: string) => Type.Boolean({ description, default: false })

export const settings = Type.Object({
  allowHttp: flag(
    'Whether receivers may be reached without TLS. Anybody on the way can then read what is sent.',
  ),
  allowPrivateNetworks: flag(
    'Whether receivers may stand in the own network (loopback, private, carrier-grade NAT and unique local addresses).',
  ),
  keepDays: integer('For how many days the delivery log is kept.', 1, 3650, 30),
  pauseAfterFailures: integer('A receiver is paused after so many failed tries in a row …', 1, 10_000, 20),
  pauseAfterHours: integer('… over at least so many hours without one success.', 0, 720, 24),
  holdAtMost: integer(
    'How many events are held for one paused receiver; those that follow are dropped and counted.',
    0,
    100_000,
    1000,
  ),
})

export const permissions = {
  read: 'See webhooks and their delivery log',
  manage: 'Create and change webhooks, send deliveries again',
}
