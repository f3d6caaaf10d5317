// The application as this plugin gets it.
import type { PluginApp } from 'frontdesk/plugin'
import type { settings } from './settings.js'
import type { Tables } from './tables.js'

export type App = PluginApp<
  'acknowledge',
  Tables,
  typeof settings,
  { readonly read: string },
  Record<never, never>
>
