// The names of what is measured, and of the states that a timer can be in.

export const metrics = ['first_response', 'next_response', 'resolution', 'periodic_update'] as const
export type Metric = (typeof metrics)[number]

export const states = ['running', 'paused', 'breached', 'met', 'stopped', 'cancelled'] as const
/** `breached` also after it was stopped too late; `stopped`: what it waited for is not needed any more. */
export type State = (typeof states)[number]
