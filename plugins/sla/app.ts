// The application as this plugin gets it.
import type { PluginApp } from 'frontdesk/plugin'
import type { fields } from './fields.js'
import type { permissions } from './permissions.js'
import type { settings } from './settings.js'
import type { Tables } from './tables.js'

export type App = PluginApp<'sla', Tables, typeof settings, typeof permissions, typeof fields>
