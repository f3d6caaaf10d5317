// Why a new ticket gets no acknowledgement. The words stand in the database and in the API: never reuse one.
export const reasons = {
  'not-by-contact': 'It was not opened by a message from outside: an agent, a rule or a split made it.',
  automatic: 'A machine wrote the message (RFC 3834 §2).',
  'not-proved': 'Its sender failed authentication: the answer would go to somebody who never wrote.',
  'too-old': 'The message, or the ticket, is older than the desk answers.',
  answered: 'Somebody of the desk was faster.',
  done: 'It was solved, closed or merged before the answer was due.',
  channel: 'It came by a channel that is not acknowledged.',
  'inbox-left-out': 'Its inbox is left out by a setting.',
  'no-address': 'The requester has no e-mail address.',
  'own-address': 'The address is an inbox of this desk.',
  'machine-address': 'Nobody reads that address: mailer-daemon, no-reply and the like.',
  'never-answer': 'The address is on the list of those that are never answered.',
  'answers-us': 'Its subject carries the number of a ticket that was acknowledged: it answers the answer.',
  'address-limit': 'The address had as many acknowledgements as it may have in an hour.',
  'unanswered-limit': 'The last acknowledgements to the address led to nothing that a person answered.',
  'desk-limit': 'The desk sent as many acknowledgements as it may send in an hour.',
  'no-text': 'There is no text to send.',
} as const

export type Reason = keyof typeof reasons
