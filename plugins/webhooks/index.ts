// Outgoing webhooks: every event of the desk, signed, to whoever subscribed to it. See README.md.
import { createWebhooks } from './plugin.js'

export default createWebhooks()
