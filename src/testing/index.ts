// frontdesk/testing: what the tests of the desk and of plugins are written with.
export { type Response, type TestApp, type TestAppOptions, testApp } from './app.js'
export { type ManualClock, manualClock } from './clock.js'
export {
  channelContract,
  eachDatabase,
  type PluginContractOptions,
  pluginContract,
} from './contracts.js'
export { closePglite, type DatabaseName, openTestDatabase, tempDir, testRedis } from './databases.js'
