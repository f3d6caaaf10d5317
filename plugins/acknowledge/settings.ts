// What an administrator can change. Every property has a default: the plugin works once it is listed.
import Type, { type Static } from 'typebox'
import { ONLY_VALUES } from './template.js'
import { defaultTexts } from './texts.js'

const language = Type.String({ minLength: 2, maxLength: 35, pattern: '^[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8})*$' })
const text = Type.Object(
  {
    subject: Type.String({ minLength: 1, maxLength: 200, pattern: ONLY_VALUES }),
    text: Type.String({ minLength: 1, maxLength: 10_000, pattern: ONLY_VALUES }),
  },
  { additionalProperties: false },
)
const texts = Type.Record(language, text, { maxProperties: 100, additionalProperties: false })

const inbox = Type.Object(
  {
    address: Type.String({ minLength: 3, maxLength: 254, pattern: '@' }),
    answer: Type.Optional(Type.Boolean({ description: 'false: tickets of this inbox are left out.' })),
    language: Type.Optional(language),
    texts: Type.Optional(texts),
  },
  { additionalProperties: false },
)

export const settings = Type.Object({
  enabled: Type.Boolean({ default: true, description: 'Whether new tickets are acknowledged.' }),
  texts: Type.Unsafe<Static<typeof texts>>({
    ...texts,
    default: defaultTexts,
    description:
      'Subject and text for each language. They can name {{ticket.number}}, {{desk}} and, with `repeatSender`, {{ticket.subject}} and {{requester.name}}.',
  }),
  language: Type.String({
    ...language,
    default: 'en',
    description: 'Where neither contact, message nor inbox says it.',
  }),
  inboxes: Type.Array(inbox, {
    default: [],
    maxItems: 1000,
    description: 'Inboxes that are left out, or have a language or texts of their own instead of `texts`.',
  }),
  desk: Type.String({
    default: '',
    maxLength: 100,
    description: 'What {{desk}} stands for; empty: the name of the inbox.',
  }),
  channels: Type.Array(Type.String({ minLength: 1, maxLength: 50 }), {
    default: ['email'],
    maxItems: 20,
    description: 'Channels whose tickets are acknowledged. The answer is always an e-mail.',
  }),
  repeatSender: Type.Boolean({
    default: false,
    description:
      'Whether {{ticket.subject}} and {{requester.name}} are filled in. Only where the mail server refuses forged senders: else the desk can be made to carry words to strangers.',
  }),
  neverAnswer: Type.Array(Type.String({ minLength: 3, maxLength: 254, pattern: '@' }), {
    default: [],
    maxItems: 1000,
    description: 'Addresses (ann@example.org) or domains (@example.org) that never get an acknowledgement.',
  }),
  perAddress: Type.Integer({
    default: 3,
    minimum: 1,
    maximum: 100,
    description: 'Acknowledgements to one address in an hour.',
  }),
  unanswered: Type.Integer({
    default: 3,
    minimum: 1,
    maximum: 20,
    description:
      'Acknowledgements in a row to one address, within a week, while no ticket behind them was answered or solved.',
  }),
  perDesk: Type.Integer({
    default: 300,
    minimum: 1,
    maximum: 100_000,
    description: 'Acknowledgements of the whole desk in an hour: the ceiling under a mail bomb.',
  }),
  maxAgeHours: Type.Integer({
    default: 24,
    minimum: 1,
    maximum: 168,
    description: 'Older mail, such as an imported mailbox, is not acknowledged.',
  }),
  keepDays: Type.Integer({
    default: 30,
    minimum: 8,
    maximum: 3650,
    description: 'How long the list of what was sent or left out is kept.',
  }),
})

export type Settings = Static<typeof settings>
