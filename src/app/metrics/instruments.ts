// What is counted as it happens, in this process, from its start.
import type { Registry } from 'prom-client'

type Prom = typeof import('prom-client')

export type Instruments = ReturnType<typeof createInstruments>

export function createInstruments(prom: Prom, registry: Registry) {
  const registers = [registry]
  return {
    requests: new prom.Histogram({
      name: 'frontdesk_http_request_duration_seconds',
      help: 'HTTP requests by method, pattern of the route and class of the status',
      labelNames: ['method', 'route', 'status'] as const,
      buckets: [0.005, 0.02, 0.05, 0.1, 0.3, 1, 3, 10],
      registers,
    }),
    jobs: new prom.Counter({
      name: 'frontdesk_jobs_finished_total',
      help: 'Tries of jobs that ended in this process, by kind and outcome (done, later, dead)',
      labelNames: ['kind', 'outcome'] as const,
      registers,
    }),
    jobSeconds: new prom.Histogram({
      name: 'frontdesk_job_duration_seconds',
      help: 'How long a try of a job took, by kind',
      labelNames: ['kind'] as const,
      buckets: [0.005, 0.02, 0.1, 0.5, 2, 10, 60, 300],
      registers,
    }),
    sends: new prom.Counter({
      name: 'frontdesk_sends_total',
      help: 'Messages handed to a channel, by channel and outcome (sent, later, refused)',
      labelNames: ['channel', 'outcome'] as const,
      registers,
    }),
  }
}
