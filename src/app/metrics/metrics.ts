// What Prometheus reads of this process. The library is loaded by the first thing there is to count or to show, and
// every process has a registry of its own: nothing is global.
import type { Registry } from 'prom-client'
import type { Metrics } from '../../http/context.js'
import { createInstruments, type Instruments } from './instruments.js'
import { createGauges, type Sources } from './sources.js'

export interface MetricsDeps extends Sources {
  version: string
  roles: readonly string[]
}

/** What the parts of the desk call; none of it can fail or wait. */
export interface Counting extends Metrics {
  job(kind: string, outcome: string, seconds: number): void
  send(channel: string, outcome: string): void
}

interface Loaded {
  registry: Registry
  instruments: Instruments
  refresh(): Promise<void>
}

export function createMetrics(deps: MetricsDeps): Counting {
  let loading: Promise<Loaded> | undefined
  let loaded: Loaded | undefined
  let hasDefaults = false

  const get = () => {
    loading ??= load(deps).then((all) => {
      loaded = all
      return all
    })
    return loading
  }
  const count = (work: (instruments: Instruments) => void) => {
    if (loaded) return work(loaded.instruments)
    // What cannot be counted must not disturb what is counted.
    get().then(
      ({ instruments }) => work(instruments),
      () => {},
    )
  }

  return {
    request: (method, route, status, seconds) =>
      count(({ requests }) =>
        requests.observe({ method, route, status: `${Math.floor(status / 100)}xx` }, seconds),
      ),
    job: (kind, outcome, seconds) =>
      count(({ jobs, jobSeconds }) => {
        jobs.inc({ kind, outcome })
        jobSeconds.observe({ kind }, seconds)
      }),
    send: (channel, outcome) => count(({ sends }) => sends.inc({ channel, outcome })),
    async text() {
      const { registry, refresh } = await get()
      if (!hasDefaults) {
        // From the first scrape on: their observers cost something, and most processes are never scraped.
        hasDefaults = true
        const { collectDefaultMetrics } = await import('prom-client')
        collectDefaultMetrics({ register: registry, prefix: 'frontdesk_' })
      }
      await refresh()
      return { type: registry.contentType, body: await registry.metrics() }
    },
  }
}

async function load(deps: MetricsDeps): Promise<Loaded> {
  const prom = await import('prom-client')
  const registry = new prom.Registry()
  const instruments = createInstruments(prom, registry)
  new prom.Gauge({
    name: 'frontdesk_build_info',
    help: 'Always 1; version and roles of this process',
    labelNames: ['version', 'roles'],
    registers: [registry],
  }).set({ version: deps.version, roles: deps.roles.join(',') }, 1)
  return { registry, instruments, refresh: createGauges(prom, registry, deps) }
}
